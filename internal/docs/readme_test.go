//go:build real

package docs

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReadme and TestGettingStarted run the commands of a page, block after block in one shell, with the program built from
// this source, and look in the output for what the page shows: texts of pictures, and lines.
func TestReadme(t *testing.T) {
	output := runPage(t, "README.md")
	for _, picture := range []string{"docs/images/demo.svg", "docs/images/slack.svg"} {
		comparePicture(t, picture, output)
	}
}

func TestGettingStarted(t *testing.T) {
	const name = "docs/getting-started.md"
	compare(t, name, blocks(page(t, name)), runPage(t, name))
}

// mark separates the outputs of blocks.
const mark = "@@ block %d @@"

func runPage(t *testing.T, name string) string {
	for _, need := range []string{"sh", "awk", "curl"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Fatalf("the commands of %s need %s: apt-get install -y %s", name, need, need)
		}
	}
	all := blocks(page(t, name))
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "plumbline"), "./cmd/plumbline")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// The daemon of the page listens where nobody else does; an empty configuration could not say so.
	web, records := port(t), port(t)
	local := strings.NewReplacer("go run ./cmd/plumbline", "plumbline", "127.0.0.1:9188", web, "127.0.0.1:9189", records,
		"touch plumbline.yaml", fmt.Sprintf(`printf 'web: {listen: "%s"}\nsources: [{name: http, http: {listen: "%s"}}]\n' >plumbline.yaml`, web, records))
	var script strings.Builder
	script.WriteString("set -e\nexec 2>&1\n")
	for i, b := range all {
		if b.info == "sh" && b.notRun == "" {
			fmt.Fprintf(&script, "echo '"+mark+"'\n%s", i, local.Replace(b.text))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	sh := exec.CommandContext(ctx, "sh", "-c", script.String())
	sh.Dir = dir
	sh.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1", "COLUMNS=100")
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	sh.Cancel = func() error { return syscall.Kill(-sh.Process.Pid, syscall.SIGKILL) }
	sh.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	sh.Stdout, sh.Stderr = &out, &out
	err := sh.Run()
	if sh.Process != nil {
		_ = syscall.Kill(-sh.Process.Pid, syscall.SIGKILL) // a daemon that a failed block left behind
	}
	text := strings.NewReplacer(web, "127.0.0.1:9188", records, "127.0.0.1:9189").Replace(out.String())
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
	return text
}

// drawn is a text of a picture that internal/docs/screen drew.
var drawn = regexp.MustCompile(`<text [^>]*>([^<]*)</text>`)

// comparePicture looks for every text of a picture in the output that it was drawn from.
func comparePicture(t *testing.T, name, output string) {
	t.Helper()
	texts := drawn.FindAllStringSubmatch(page(t, name), -1)
	for _, m := range texts {
		// Rules across the screen are as wide as the terminal was.
		if text := strings.Trim(html.UnescapeString(m[1]), "─"); !strings.Contains(output, text) {
			t.Errorf("%s shows a text that the commands do not print: %q; internal/docs/screen says how to draw it anew", name, text)
		}
	}
	if len(texts) < 10 {
		t.Errorf("%s holds %d texts", name, len(texts))
	}
}

// compare looks for the lines of each text block in the output of the commands before it. An ellipsis stands for anything, any
// run of spaces for any other.
func compare(t *testing.T, name string, all []block, output string) {
	commands, shown := -1, 0
	for i, b := range all {
		if b.info == "sh" && b.notRun == "" {
			commands = i
		}
		if b.info != "text" || commands < 0 {
			continue
		}
		shown++
		_, got, _ := strings.Cut(output, fmt.Sprintf(mark, commands)+"\n")
		got, _, _ = strings.Cut(got, "@@ block ")
		got = strings.Join(strings.Fields(got), " ")
		for n, line := range strings.Split(strings.TrimRight(b.text, "\n"), "\n") {
			want := strings.Join(strings.Fields(line), " ")
			pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*?")
			if want != "" && want != "…" && !regexp.MustCompile(pattern).MatchString(got) {
				t.Errorf("%s:%d: the commands do not print this line:\n%s", name, b.line+1+n, line)
			}
		}
	}
	if t.Failed() {
		t.Logf("the output was\n%s", output)
	}
	if shown == 0 {
		t.Errorf("%s shows no output", name)
	}
}

func port(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
