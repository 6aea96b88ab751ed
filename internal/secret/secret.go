// Package secret holds references to secrets: a file or an environment variable, never a value in a configuration. It reads a
// file anew each time, so that a rotated secret is used without a restart, and never prints what it holds.
package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"gopkg.in/yaml.v3"

	"plumbline/internal/strictyaml"
)

const (
	redacted = "<redacted>"
	maxBytes = 64 << 10
)

// Ref refers to a secret. The zero Ref refers to nothing.
type Ref struct {
	file  string
	env   string
	value string
}

// File refers to the content of a file.
func File(path string) Ref { return Ref{file: path} }

// Env refers to an environment variable whose value is given: the environment is read when the configuration is.
func Env(name, value string) Ref { return Ref{env: name, value: value} }

// IsZero reports whether nothing is referred to.
func (r Ref) IsZero() bool { return r.file == "" && r.env == "" }

// Path is the file referred to, or "".
func (r Ref) Path() string { return r.file }

// Get returns the secret, read now. One newline at its end is not part of it. Errors name the reference and never the content.
func (r Ref) Get() (string, error) {
	var value string
	switch {
	case r.file != "":
		f, err := os.Open(r.file)
		if err != nil {
			return "", fmt.Errorf("reading secret: %w", err)
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
		if err != nil {
			return "", fmt.Errorf("reading secret: %w", err)
		}
		if len(b) > maxBytes {
			return "", fmt.Errorf("secret file %s is larger than %d KiB", r.file, maxBytes>>10)
		}
		value = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
		if value == "" {
			return "", fmt.Errorf("secret file %s is empty", r.file)
		}
	case r.env != "":
		if value = r.value; value == "" {
			return "", fmt.Errorf("secret in environment variable %s is empty", r.env)
		}
	default:
		return "", errors.New("no secret is configured")
	}
	return value, nil
}

// Check says what is wrong with how a secret is kept, or "". A missing file is Get's affair.
func (r Ref) Check() (warning string) {
	if r.file == "" {
		return ""
	}
	info, err := os.Stat(r.file)
	if err != nil {
		return ""
	}
	return mode(r.file, info.Mode())
}

func mode(path string, m fs.FileMode) string {
	switch {
	case !m.IsRegular() || m.Perm()&0o077 == 0:
		return ""
	case m.Perm()&0o007 != 0:
		return fmt.Sprintf("secret file %s can be read by everybody on this machine (mode %04o)", path, m.Perm())
	default:
		return fmt.Sprintf("secret file %s can be read by its group (mode %04o)", path, m.Perm())
	}
}

// A Ref prints as <redacted>, whatever prints it; a Ref to nothing as nothing.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return redacted
}

func (r Ref) GoString() string             { return r.String() }
func (r Ref) MarshalJSON() ([]byte, error) { return []byte(`"` + r.String() + `"`), nil }
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
func (r Ref) LogValue() slog.Value         { return slog.StringValue(r.String()) }
func (r Ref) MarshalYAML() (any, error)    { return r.String(), nil }

// Format covers every verb, so that %x and %d don't show the fields either.
func (r Ref) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// UnmarshalStrict reads a secret for a field tagged `yaml:"name_file,alt=name"`: under name_file stands a path, under name
// nothing but one ${VARIABLE}.
func (r *Ref) UnmarshalStrict(n *yaml.Node, d *strictyaml.Decoder) {
	key := d.Key()
	if strings.HasSuffix(key, "_file") {
		if path, ok := d.Scalar(n, "the path of a file"); ok {
			*r = File(d.Path(path))
		}
		return
	}
	hint := fmt.Sprintf("put it in a file and write %s_file: PATH, or write %s: ${VARIABLE}", key, key)
	if n.Kind != yaml.ScalarNode {
		d.ProblemUnseen(n, key+" is a secret and expects a reference", hint)
		return
	}
	name, ok := strictyaml.IsEnv(n.Value)
	if !ok {
		d.ProblemUnseen(n, key+" is a secret and must not stand in the configuration", hint)
		return
	}
	if value, ok := d.Scalar(n, "a secret"); ok {
		*r = Env(name, value)
	}
}
