package kafkatest

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Version is the Kafka release under test.
const Version = "4.3.1"

// checksum is that of all jars: the SHA-256 of the sorted lines that sha256sum prints of them.
const checksum = "6953bfc4d23c24004ed3d44b741c7a4538a923f476f85ff7cf086e87ead4b49c"

//go:embed pom.xml
var pom []byte

func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder to cache the broker in: %w", err)
	}
	dir = filepath.Join(dir, "plumbline")
	return dir, os.MkdirAll(dir, 0o755)
}

// Fetch returns the folder with the broker's jars and fetches them with Maven if they are not there (45 MB). It is safe to
// call from many processes at once. What was fetched is compared with a pinned checksum at each call.
func Fetch() (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	libs := filepath.Join(cache, "kafka-"+Version)
	unlock, err := lock(libs + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if sum, err := sumJars(libs); err == nil && sum == checksum {
		return libs, nil
	} else if err == nil {
		fmt.Fprintf(os.Stderr, "kafkatest: %s does not match its checksum, fetching it again\n", libs)
		os.RemoveAll(libs)
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return "", errors.New("mvn is missing, it fetches the Kafka broker: apt-get install -y maven openjdk-17-jre-headless")
	}
	tmp, err := os.MkdirTemp(cache, "kafka-fetch-")
	if err != nil {
		return "", fmt.Errorf("fetch the broker: %w", err)
	}
	defer os.RemoveAll(tmp)
	project := filepath.Join(tmp, "pom.xml")
	if err := os.WriteFile(project, pom, 0o644); err != nil {
		return "", fmt.Errorf("fetch the broker: %w", err)
	}
	jars := filepath.Join(tmp, "jars")
	cmd := exec.Command(mvn, "-B", "-q", "-C", "-f", project, "dependency:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory="+jars)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch the broker with %s: %w\n%s", cmd, err, tail(out))
	}
	sum, err := sumJars(jars)
	if err != nil {
		return "", err
	}
	if sum != checksum {
		return "", fmt.Errorf("the jars of Kafka %s have the checksum %s, want %s: an artefact was changed or the version is another", Version, sum, checksum)
	}
	if err := os.Rename(jars, libs); err != nil {
		return "", fmt.Errorf("fetch the broker: %w", err)
	}
	return libs, nil
}

func sumJars(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil || len(names) == 0 {
		return "", fmt.Errorf("no jars in %s", dir)
	}
	slices.Sort(names)
	all := sha256.New()
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		one := sha256.New()
		_, err = io.Copy(one, f)
		f.Close()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%x  %s\n", one.Sum(nil), filepath.Base(name))
	}
	return fmt.Sprintf("%x", all.Sum(nil)), nil
}

func java() (string, error) {
	path, err := exec.LookPath("java")
	if err != nil {
		return "", errors.New("java is missing, the Kafka broker runs on it (17 or newer): apt-get install -y openjdk-17-jre-headless")
	}
	return path, nil
}

// tail is the end of a program's output.
func tail(out []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-30):], []byte("\n"))
}
