// Package deploy has no code: its tests hold docker-compose.yml, the files it mounts and the service unit against what is in this
// repository.
package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// compose is as much of the Compose format as the file may use: another key is an error, so that a typo is one too.
type compose struct {
	Name      string             `yaml:"name"`
	Plumbline service            `yaml:"x-plumbline"`
	Services  map[string]service `yaml:"services"`
	Volumes   map[string]any     `yaml:"volumes"`
}

type service struct {
	Image       string            `yaml:"image"`
	Build       map[string]string `yaml:"build"`
	Entrypoint  []string          `yaml:"entrypoint"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck *struct {
		Test        []string `yaml:"test"`
		Interval    string   `yaml:"interval"`
		Timeout     string   `yaml:"timeout"`
		Retries     int      `yaml:"retries"`
		StartPeriod string   `yaml:"start_period"`
	} `yaml:"healthcheck"`
	Restart         string         `yaml:"restart"`
	ReadOnly        bool           `yaml:"read_only"`
	Tmpfs           []string       `yaml:"tmpfs"`
	CapDrop         []string       `yaml:"cap_drop"`
	SecurityOpt     []string       `yaml:"security_opt"`
	Ulimits         map[string]any `yaml:"ulimits"`
	StopGracePeriod string         `yaml:"stop_grace_period"`
}

const root = ".."

func loadCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	strict(t, filepath.Join(root, "docker-compose.yml"), &c)
	return c
}

func strict(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

var (
	pinned   = regexp.MustCompile(`^[a-z]+/?[a-z-]*:v?\d+(\.\d+)+$`) // a plain name: no registry's host
	loopback = regexp.MustCompile(`^127\.0\.0\.1:\d+:\d+$`)
)

func TestServices(t *testing.T) {
	c := loadCompose(t)
	used := map[string]bool{}
	for name, s := range c.Services {
		if s.Build == nil && !pinned.MatchString(s.Image) {
			t.Errorf("%s: the image %s is not pinned", name, s.Image)
		}
		for _, p := range s.Ports {
			if !loopback.MatchString(p) {
				t.Errorf("%s: the port %s is not published on loopback", name, p)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(source, ".") {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if _, ok := c.Volumes[source]; !ok {
				t.Errorf("%s: no volume is called %s", name, source)
			}
			used[source] = true
		}
		switch {
		case s.Restart == "no" && s.Healthcheck != nil:
			t.Errorf("%s: what runs once has no health", name)
		case s.Restart == "unless-stopped" && s.Healthcheck == nil:
			t.Errorf("%s: no healthcheck", name)
		case s.Restart != "no" && s.Restart != "unless-stopped":
			t.Errorf("%s: restart %q", name, s.Restart)
		}
		for other, d := range s.DependsOn {
			want := map[string]string{"no": "service_completed_successfully", "unless-stopped": "service_healthy"}[c.Services[other].Restart]
			if d.Condition != want || want == "" {
				t.Errorf("%s waits for %s to be %s, want %q", name, other, d.Condition, want)
			}
		}
	}
	for v := range c.Volumes {
		if !used[v] {
			t.Errorf("the volume %s is not used", v)
		}
	}
}

// binary builds plumbline once.
func binary(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "plumbline")
	if out, err := exec.Command("go", "build", "-o", exe, "plumbline/cmd/plumbline").CombinedOutput(); err != nil {
		t.Fatalf("build plumbline: %v\n%s", err, out)
	}
	return exe
}

// TestPlumblineCommands runs what can be run of plumbline's services without Kafka and ClickHouse, with their mounts as folders.
func TestPlumblineCommands(t *testing.T) {
	exe, c := binary(t), loadCompose(t)
	dir := t.TempDir()
	inside := func(path string) string { return mounted.ReplaceAllString(path, dir+"$0") }
	for _, v := range c.Services["plumbline"].Volumes {
		part := strings.Split(v, ":")
		if strings.HasPrefix(part[0], ".") {
			install(t, filepath.Join(root, part[0]), filepath.Join(dir, part[1]))
		} else if err := os.MkdirAll(filepath.Join(dir, part[1]), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range c.Services {
		if s.Build != nil {
			knowsFlags(t, exe, s.Command)
		}
	}
	unit, err := os.ReadFile("systemd/plumbline.service")
	if err != nil {
		t.Fatal(err)
	}
	knowsFlags(t, exe, strings.Fields(regexp.MustCompile(`ExecStart=\S+ (.*)`).FindStringSubmatch(string(unit))[1]))

	run := func(args ...string) string {
		cmd := exec.Command(exe, args...)
		for name, value := range c.Services["plumbline"].Environment {
			cmd.Env = append(cmd.Env, name+"="+defaulted.ReplaceAllString(value, "$1"))
		}
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState.ExitCode() != 3 { // 3: warnings
			t.Fatalf("plumbline %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	var build []string
	for _, a := range c.Services["baseline"].Command {
		build = append(build, inside(a))
	}
	run(build...)
	run("check", "-c", filepath.Join(dir, "etc/plumbline/plumbline.yaml"))
	if out := run("migrate", "--dry-run", "-c", filepath.Join(dir, "etc/plumbline/plumbline.yaml")); !strings.Contains(out, "CREATE DATABASE") {
		t.Errorf("migrate --dry-run printed\n%s", out)
	}
}

var mounted = regexp.MustCompile(`^/(etc|examples)/`)

var defaulted = regexp.MustCompile(`\$\{\w+:-([^}]*)\}`)

func install(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(abs, to); err != nil {
		t.Fatal(err)
	}
}

// knowsFlags fails if the command's help does not name one of its flags.
func knowsFlags(t *testing.T, exe string, args []string) {
	t.Helper()
	var names []string
	for _, a := range args {
		if strings.HasPrefix(a, "-") || strings.Contains(a, "/") {
			break
		}
		names = append(names, a)
	}
	help, err := exec.Command(exe, append(names, "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("plumbline %q --help: %v\n%s", names, err, help)
	}
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			continue
		}
		if !regexp.MustCompile(`(?m)(^|\s)` + regexp.QuoteMeta(a) + `\b`).Match(help) {
			t.Errorf("plumbline %s has no flag %s:\n%s", strings.Join(names, " "), a, help)
		}
	}
}
