package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"plumbline/internal/strictyaml"
)

func write(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGetReadsAnewAndTrimsOneNewline(t *testing.T) {
	path := write(t, "s3cret \n\n", 0o600)
	r := File(path)
	if got, err := r.Get(); err != nil || got != "s3cret \n" {
		t.Errorf("%q %v", got, err)
	}
	if err := os.WriteFile(path, []byte("rotated\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Get(); err != nil || got != "rotated" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := Env("X", "v").Get(); err != nil || got != "v" {
		t.Errorf("%q %v", got, err)
	}
}

func TestGetSaysWhatIsWrong(t *testing.T) {
	empty := write(t, "\n", 0o600)
	for want, r := range map[string]Ref{
		"no secret is configured": {},
		"environment variable X":  Env("X", ""),
		"no such file":            File("/nowhere/x"),
		empty + " is empty":       File(empty),
		"is larger than 64 KiB":   File(write(t, strings.Repeat("hunter2", 20000), 0o600)),
	} {
		if _, err := r.Get(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCheckWarnsOfOpenFiles(t *testing.T) {
	for mode, want := range map[os.FileMode]string{0o600: "", 0o400: "", 0o640: "its group", 0o604: "everybody"} {
		got := File(write(t, "x", mode)).Check()
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%o: %q", mode, got)
		}
	}
	if File("/nowhere/x").Check() != "" || Env("A", "b").Check() != "" {
		t.Error("a warning about nothing")
	}
}

func TestNothingPrintsIt(t *testing.T) {
	type config struct {
		Token Ref  `json:"token" yaml:"token"`
		Ptr   *Ref `json:"ptr" yaml:"ptr"`
	}
	r := Env("X", "hunter2")
	c := config{r, &r}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("m", "c", c, "r", r, "p", &r)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "c", c, "r", r)
	j, _ := json.Marshal(map[string]any{"a": c, "b": r})
	y, _ := yaml.Marshal(c)
	all := fmt.Sprintf("%v %+v %#v %s %q %x %d %v %+v %#v", r, r, r, r, r, r, r, c, c, &c) + log.String() + string(j) + string(y)
	for _, leak := range []string{"hunter2", "68756e74657232"} {
		if strings.Contains(all, leak) {
			t.Error(all)
		}
	}
	if !strings.Contains(string(y), "token: <redacted>") || string(j) == "" {
		t.Errorf("%s %s", y, j)
	}
}

func TestYAMLTakesReferencesOnly(t *testing.T) {
	type config struct {
		Password Ref `yaml:"password_file,alt=password"`
	}
	env := func(string) (string, bool) { return "hunter2", true }
	for text, want := range map[string]string{
		"password_file: p\n":      "",
		"password: ${P}\n":        "",
		"password: hunter2\n":     "password is a secret and must not stand in the configuration",
		"password: x${P}\n":       "password is a secret and must not stand in the configuration",
		"password: [hunter2]\n":   "password is a secret and expects a reference",
		"password_file: [a, b]":   "expected the path of a file, found a list",
		"password:\n  a: hunter2": "password is a secret and expects a reference",
	} {
		d, _ := strictyaml.Parse("/etc/plumbline/x.yaml", []byte(text))
		var c config
		ps := d.Decode(&c, strictyaml.Options{Env: env})
		switch {
		case want == "":
			if len(ps) > 0 || c.Password.IsZero() {
				t.Errorf("%q: %v", text, ps)
			}
		case len(ps) != 1 || ps[0].Message != want:
			t.Errorf("%q: %v", text, ps)
		}
		if strings.Contains(ps.Error(), "hunter2") {
			t.Error(ps)
		}
		if strings.HasPrefix(text, "password_file: p") && c.Password.Path() != "/etc/plumbline/p" {
			t.Error(c.Password.Path())
		}
	}
}
