package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"plumbline"
	"plumbline/internal/secret"
	"plumbline/internal/strictyaml"
)

// Path is a file or folder; relative ones are relative to the file they stand in.
type Path string

// UnmarshalStrict reads a path.
func (p *Path) UnmarshalStrict(n *yaml.Node, d *strictyaml.Decoder) {
	if s, ok := d.Scalar(n, "a path"); ok {
		*p = Path(d.Path(s))
	}
}

// check collects what is wrong with one document. Its methods take the address of the field that is wrong: that is where the
// position comes from.
type check struct {
	doc      *strictyaml.Document
	problems plumbline.Problems
	building bool // baselines that the manifest names are about to be made
}

func (k *check) fail(ptr any, message, hint string) {
	if k.doc.Broken(ptr) {
		return
	}
	k.problems = append(k.problems, k.doc.Problem(ptr, plumbline.SeverityError, message, hint))
}

func (k *check) failKey(ptr any, message, hint string) {
	if k.doc.Broken(ptr) {
		return
	}
	k.problems = append(k.problems, k.doc.KeyProblem(ptr, plumbline.SeverityError, message, hint))
}

func (k *check) warn(ptr any, message, hint string) {
	if k.doc.Broken(ptr) {
		return
	}
	k.problems = append(k.problems, k.doc.Problem(ptr, plumbline.SeverityWarning, message, hint))
}

// missing reports what is not there, unless an unknown key beside it, which was reported, is probably meant to be it.
func (k *check) missing(ptr any, message, hint string) {
	if !k.doc.Misspelt(ptr) {
		k.fail(ptr, message, hint)
	}
}

func (k *check) warnMissing(ptr any, message, hint string) {
	if !k.doc.Misspelt(ptr) {
		k.warn(ptr, message, hint)
	}
}

// failUnseen is fail without the source line, for values that hold a secret.
func (k *check) failUnseen(ptr any, message, hint string) {
	before := len(k.problems)
	k.fail(ptr, message, hint)
	for i := range k.problems[before:] { // one, or none
		k.problems[before+i].Excerpt = ""
	}
}

// oneOf reports a word that is none of those allowed.
func (k *check) oneOf(ptr *string, what string, allowed ...string) bool {
	for _, a := range allowed {
		if *ptr == a {
			return true
		}
	}
	k.fail(ptr, fmt.Sprintf("%s %q is not known", what, *ptr), strictyaml.Suggest(*ptr, allowed))
	return false
}

// required reports an empty text.
func (k *check) required(ptr *string, what string) bool {
	if *ptr != "" {
		return true
	}
	k.missing(ptr, what+" is missing", "it is required")
	return false
}

func (k *check) between(ptr *time.Duration, what string, low, high time.Duration) {
	if *ptr < low || *ptr > high {
		k.fail(ptr, fmt.Sprintf("%s is %s", what, strictyaml.FormatDuration(*ptr)),
			fmt.Sprintf("it may be from %s to %s", strictyaml.FormatDuration(low), strictyaml.FormatDuration(high)))
	}
}

// written is between for what may be inherited from where it was reported.
func (k *check) written(ptr *time.Duration, what string, low, high time.Duration) {
	if k.doc.Has(ptr) {
		k.between(ptr, what, low, high)
	}
}

func (k *check) atLeast(ptr *int, what string, low int) {
	if *ptr < low {
		k.fail(ptr, fmt.Sprintf("%s is %d", what, *ptr), fmt.Sprintf("it must be %d or more", low))
	}
}

func (k *check) sizeAtLeast(ptr *strictyaml.Size, what string, low strictyaml.Size) {
	if *ptr < low {
		k.fail(ptr, fmt.Sprintf("%s is %s", what, *ptr), fmt.Sprintf("it must be %s or more", low))
	}
}

// unique reports every name that is missing or was used before.
func (k *check) unique(what string, names []*string) {
	first := map[string]*string{}
	for _, n := range names {
		if !k.required(n, "name of the "+what) {
			continue
		}
		if f, twice := first[*n]; twice {
			line, _ := k.doc.At(f)
			k.fail(n, fmt.Sprintf("the %s %q is already on line %d", what, *n, line), "names must be unique")
			continue
		}
		first[*n] = n
	}
}

// file reports a file that can't be there for the reading.
func (k *check) file(ptr any, path, what string) {
	if path == "" {
		return
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.fail(ptr, fmt.Sprintf("%s %s does not exist", what, path), "relative paths are relative to the folder of "+filepath.Base(k.doc.File()))
	case err != nil:
		k.fail(ptr, fmt.Sprintf("%s %s can't be read: %s", what, path, reason(err)), "look at its owner and mode")
	case info.IsDir():
		k.fail(ptr, fmt.Sprintf("%s %s is a folder", what, path), "name a file")
	}
}

// secret reports a secret that can't be had, and one that others can read.
func (k *check) secret(ptr *secret.Ref, what string) {
	if ptr.IsZero() {
		return
	}
	if ptr.Path() != "" {
		before := len(k.problems)
		k.file(ptr, ptr.Path(), what)
		if len(k.problems) > before {
			return
		}
	}
	if _, err := ptr.Get(); err != nil {
		k.fail(ptr, reason(err), "write the secret into it, without anything else")
	} else if w := ptr.Check(); w != "" {
		k.warn(ptr, w, "chmod 600 "+ptr.Path())
	}
}

// address reports what is not host:port.
func (k *check) address(ptr *string, what string) bool {
	_, port, err := net.SplitHostPort(*ptr)
	if err == nil {
		if n, bad := strconv.Atoi(port); bad == nil && n >= 0 && n <= 65535 {
			return true
		}
	}
	k.fail(ptr, fmt.Sprintf("%s %q is not host:port", what, *ptr), "write it like 127.0.0.1:9188")
	return false
}

// loopback reports whether an address can be reached from this machine only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// url reports what is not an absolute http URL, and credentials inside.
func (k *check) url(ptr *string, what string) {
	u, err := url.Parse(*ptr)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		k.failUnseen(ptr, what+" is not a URL with http:// or https://", "write it like https://example.org/hook")
		return
	}
	if u.User != nil {
		k.failUnseen(ptr, what+" holds credentials", "put the whole URL in a file and write url_file: PATH")
	}
}

// reason is an error without the path it repeats.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// list joins words for a sentence.
func list(words []string) string { return strings.Join(words, ", ") }

func names[T any](items []T, name func(T) string) []string {
	out := make([]string, 0, len(items))
	for _, i := range items {
		out = append(out, name(i))
	}
	return out
}
