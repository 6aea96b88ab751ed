package strictyaml

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"plumbline"
)

type inner struct {
	Min *float64      `yaml:"min"`
	For time.Duration `yaml:"for"`
}

type common struct {
	Owner string `yaml:"owner"`
}

type names []string

func (ns *names) UnmarshalStrict(n *yaml.Node, d *Decoder) {
	if n.Kind == yaml.ScalarNode {
		var s string
		d.Decode(n, &s)
		*ns = names{s}
		return
	}
	d.Decode(n, (*[]string)(ns))
}

type file struct {
	Name     string            `yaml:"name"`
	On       bool              `yaml:"on"`
	Count    int               `yaml:"count,alt=number"`
	Small    int8              `yaml:"small"`
	Share    float64           `yaml:"share"`
	Wait     time.Duration     `yaml:"wait"`
	At       time.Time         `yaml:"at"`
	List     []inner           `yaml:"list"`
	ByName   map[string]*inner `yaml:"by_name"`
	Labels   map[string]string `yaml:"labels"`
	Nested   inner             `yaml:"nested"`
	Slices   []names           `yaml:"slices"`
	Size     Size              `yaml:"size"`
	Free     any               `yaml:"free"`
	Raw      yaml.Node         `yaml:"raw"`
	Common   common            `yaml:",inline"`
	Untagged string
}

func env(name string) (string, bool) {
	v, ok := map[string]string{"PORT": "9188", "TOKEN": "geheim", "EMPTY": ""}[name]
	return v, ok
}

func decode(t *testing.T, text string) (*file, *Document, plumbline.Problems) {
	t.Helper()
	d, ps := Parse("x.yaml", []byte(text))
	var f file
	f.Wait = time.Hour
	return &f, d, append(ps, d.Decode(&f, Options{Env: env})...)
}

func TestDecodesEverySupportedType(t *testing.T) {
	f, _, ps := decode(t, `
name: 2        # a number is a fine text
on: TRUE
number: 0x10
small: -5
share: 1e-3
wait:
at: 2013-03-01
list:
  - {min: 0, for: 1h30m}
  - for: 0
by_name: {a: {min: 1}, b: }
labels: &l {x: "1", y: "${PORT}"}
nested: {for: 1w}
slices: [origin, [a, b]]
size: 1.5KiB
free: {a: [1, two, 3.5], <<: {b: true}}
raw: [1]
owner: "#ml $${HOME} ${TOKEN}!"
`)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	zero, one := 0.0, 1.0
	want := file{Name: "2", On: true, Count: 16, Small: -5, Share: 0.001, Wait: time.Hour, At: time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC),
		List:   []inner{{Min: &zero, For: 90 * time.Minute}, {}},
		ByName: map[string]*inner{"a": {Min: &one}, "b": nil},
		Labels: map[string]string{"x": "1", "y": "9188"}, Nested: inner{For: 7 * 24 * time.Hour},
		Slices: []names{{"origin"}, {"a", "b"}}, Size: 1536,
		Free: map[string]any{"a": []any{1, "two", 3.5}, "b": true}, Common: common{Owner: "#ml ${HOME} geheim!"}}
	f.Raw = yaml.Node{}
	if diff := cmp.Diff(want, *f); diff != "" {
		t.Error(diff)
	}
}

func TestReportsEveryMistake(t *testing.T) {
	_, _, ps := decode(t, `
naem: x
on: yes
count: 1.5
number: 2
small: 300
share: .inf
wait: 30
at: yesterday
list: {min: 1}
by_name: {a: {mni: 1}}
labels: {x: [1]}
nested: [for]
slices: [[a, {b: 1}]]
size: 12 parsecs
owner: ${NOPE}
owner: again
zzz: 1
free: [~, 1]
`)
	var got []string
	for _, p := range ps {
		got = append(got, fmt.Sprintf("%d:%d %s | %s", p.Line, p.Column, p.Message, p.Hint))
	}
	want := []string{
		`2:1 unknown key "naem" | did you mean name?`,
		`3:5 expected true or false, found the text "yes" | write true or false, without quotes`,
		`4:8 expected a whole number, found the number 1.5 | write it like 1000`,
		`5:1 count and number exclude each other | remove one of them`,
		`6:8 expected a whole number, found the number 300 | the number is too large`,
		`7:8 expected a number, found .inf | any but NaN and infinity, such as 0.5 or 1e-3`,
		`8:7 expected a duration, found the number 30 | a unit is missing or the number has a fraction: ms, s, m, h, d, w and y follow whole numbers`,
		`9:5 expected a time, found the text "yesterday" | write it like 2013-03-01T00:00:00Z, or 2013-03-01 for midnight UTC`,
		`10:7 expected a list, found a mapping | put '- ' in front of each item`,
		`11:15 unknown key "mni" | did you mean min?`,
		`12:13 expected a text, found a list | write one value behind the colon`,
		`13:9 expected a mapping, found a list | write key: value pairs, each on its own line and indented`,
		`14:14 expected a text, found a mapping | write one value behind the colon`,
		`15:7 expected a size in bytes, found the text "12 parsecs" | write it like 768MB or 1GiB`,
		`16:8 the environment variable NOPE is not set | set it before starting plumbline; a literal ${ is written $${`,
		`17:1 key "owner" is already on line 16 | keep one of the two`,
		`18:1 unknown key "zzz" | known here: at, by_name, count, free, labels, list, name, nested, number, on, owner, raw, share, size, slices, small, wait`,
		`19:8 an empty list item | remove the '-', or write what it should hold`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNeverShowsAnExpandedVariableOrASecret(t *testing.T) {
	_, _, ps := decode(t, "count: ${TOKEN}\npasword: hunter2\nx: {secret: 'hunter2', api_url: https://u:hunter2@h/, zz: 1}\n")
	if s := ps.Error(); strings.Contains(s, "geheim") || strings.Contains(s, "hunter2") || !strings.Contains(s, "pasword: <redacted>") {
		t.Error(s)
	}
}

func TestSyntaxErrorsHaveAPosition(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n b: 2\n":                     "x.yaml:2:2: error: not readable as YAML: mapping values are not allowed in this context",
		"a:\n\tb: 1\n":                      "x.yaml:2:2: error: not readable as YAML: found character that cannot start any token",
		"a: *nobody\n":                      "x.yaml:1:4: error: not readable as YAML: unknown anchor 'nobody' referenced",
		"- a\n":                             "x.yaml:1:1: error: expected a mapping, found a list",
		"a: 1\n---\nb: 1\n":                 "x.yaml:3:1: error: a second document begins here",
		"a: &a [*a]\n":                      "x.yaml:1:8: error: nested deeper than 64 levels, or an alias that contains itself",
		"a: 1\nb: {c: ${X}}\n":              "x.yaml:2:1: error: not readable as YAML: did not find expected ',' or '}'",
		"a: " + strings.Repeat("[", 100000): "x.yaml:1:1: error: not readable as YAML: exceeded max depth of 10000",
	} {
		_, ps := Parse("x.yaml", []byte(text))
		if len(ps) != 1 {
			t.Errorf("%.20q: %v", text, ps)
			continue
		}
		if got, _, _ := strings.Cut(ps[0].String(), "\n"); got != want {
			t.Errorf("%.20q:\n got %s\nwant %s", text, got, want)
		}
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "~\n"} {
		if _, ps := Parse("x.yaml", []byte(empty)); len(ps) > 0 {
			t.Errorf("%q: %v", empty, ps)
		}
	}
}

func TestAliasesAreFollowedWithinBounds(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	if _, ps := Parse("x.yaml", []byte(bomb)); len(ps) != 1 || ps[0].Message != "aliases expand to too many nodes" {
		t.Errorf("a bomb: %v", ps)
	}
	f, _, ps := decode(t, "raw: &d {min: 3, for: 1m}\nnested: {<<: *d, for: 2m}\nlist: [*d]\n")
	if len(ps) > 0 || *f.Nested.Min != 3 || f.Nested.For != 2*time.Minute || f.List[0].For != time.Minute {
		t.Errorf("%+v %v", f, ps)
	}
}

func TestPositions(t *testing.T) {
	f, d, ps := decode(t, "name: |\n  one\n  zwö > drei\nnested:\n  for: 5m\nlist: [{for: 1m}, {min: 2}]\nlabels:\n  \"ä\": { }\nby_name: {ä: {min: 1}}\nowner: 'a > b'\n")
	if len(ps) != 1 || ps[0].Line != 8 {
		t.Fatal(ps)
	}
	at := func(line, col int) string { return fmt.Sprintf("%d:%d", line, col) }
	for i, c := range []struct{ got, want string }{
		{at(d.At(&f.Name)), "1:7"},
		{at(d.KeyAt(&f.Name)), "1:1"},
		{at(d.Within(&f.Name, len("one\nzwö "))), "3:8"},
		{at(d.Within(&f.Name, 0)), "2:3"},
		{at(d.Within(&f.Common.Owner, 2)), "10:11"},
		{at(d.At(&f.Nested.For)), "5:8"},
		{at(d.KeyAt(&f.Nested.For)), "5:3"},
		{at(d.At(&f.Nested.Min)), "5:3"}, // absent: its mapping
		{at(d.At(&f.List[1])), "6:19"},
		{at(d.At(f.List[1].Min)), "6:25"},
		{at(d.At(&f.Share)), "1:1"},
		{at(d.MapKeyAt(&f.ByName, "ä")), "9:11"},
		{at(d.MapAt(&f.ByName, "ä")), "9:15"}, // in bytes: ä has two
		{at(d.At(f.ByName["ä"].Min)), "9:21"},
		{at(d.At(new(int))), "0:0"},
	} {
		if c.got != c.want {
			t.Errorf("%d: got %s, want %s", i, c.got, c.want)
		}
	}
	if d.Has(&f.Share) || !d.Has(&f.Name) {
		t.Error("Has")
	}
	want := "    3 |   zwö > drei\n      |       ^"
	if got := d.ProblemAt(3, 8, plumbline.SeverityError, "m", "h").Excerpt; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"listen", "external_url", "web_config_file", "bin", "group_wait", "group_by"}
	for word, want := range map[string]string{
		"lisetn": "listen", "external-url": "external_url", "external": "external_url", "web_config_file_path": "web_config_file",
		"Listen": "listen", "banana": "", "xy": "", "groupwait": "group_wait", "bni": "bin",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func TestDurationsAndSizesSurviveARoundTrip(t *testing.T) {
	for text, want := range map[string]string{"1h30m": "1h30m", "90m": "1h30m", "400d": "400d", "1y": "1y", "0": "0s", "7d": "1w", "50ms": "50ms", "2y1w": "737d"} {
		d, err := ParseDuration(text)
		if err != nil || FormatDuration(d) != want {
			t.Errorf("%s: %v %v", text, FormatDuration(d), err)
		}
	}
	for _, bad := range []string{"", "5", "-1h", "1.5h", "1m1h", "999999y", "99999999999999999999s"} {
		if d, err := ParseDuration(bad); err == nil {
			t.Errorf("%s: %v", bad, d)
		}
	}
	for text, want := range map[string]string{"768MB": "768MB", "1GiB": "1GiB", "1048576": "1MiB", "0": "0B", "1.5kB": "1500B"} {
		s, err := ParseSize(text)
		if err != nil || s.String() != want {
			t.Errorf("%s: %v %v", text, s, err)
		}
	}
	for _, bad := range []string{"", "MB", "-1MB", "1e30", "0x10", "12 parsecs", "NaN"} {
		if s, err := ParseSize(bad); err == nil {
			t.Errorf("%s: %v", bad, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"name: x", "a: &a [*a]", "list: [{min: 1}]\nraw: |\n  x\n", "? [a]\n: b\n", "<<: [{name: 1}, 2]", "password: x\ty", "\"\\u00e4\": !!binary x", "free: {a: 2013-01-01, b: !!int x}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, ps := Parse("x.yaml", data)
		var v file
		for _, p := range append(ps, d.Decode(&v, Options{Env: env})...) {
			_ = p.String()
		}
		for i := range 3 {
			d.Within(&v.Name, i)
		}
	})
}

type withDefault struct {
	A int `yaml:"a"`
	B int `yaml:"b"`
}

func (w *withDefault) SetDefaults() { w.A, w.B = 1, 2 }

func TestDefaultsOfWhatIsMade(t *testing.T) {
	var c struct {
		List []withDefault           `yaml:"list"`
		Ptr  *withDefault            `yaml:"ptr"`
		Map  map[string]withDefault  `yaml:"map"`
		Ptrs map[string]*withDefault `yaml:"ptrs"`
		None *withDefault            `yaml:"none"`
	}
	d, _ := Parse("x.yaml", []byte("list: [{a: 0}]\nptr: {b: 5}\nmap: {x: {}}\nptrs: {x: {a: 9}}\n"))
	if ps := d.Decode(&c, Options{}); len(ps) > 0 {
		t.Fatal(ps)
	}
	if c.List[0] != (withDefault{0, 2}) || *c.Ptr != (withDefault{1, 5}) || c.Map["x"] != (withDefault{1, 2}) || *c.Ptrs["x"] != (withDefault{9, 2}) || c.None != nil {
		t.Errorf("%+v", c)
	}
}

func TestEncodeWritesWhatIsInEffectWithoutTheEnvironment(t *testing.T) {
	f, d, ps := decode(t, "name: a ${TOKEN} b\nlist: [{min: 1, for: 1h30m}]\nlabels: {x: y, z: \"${TOKEN}\"}\ncount: ${PORT}\nsize: 1GiB\nslices: [[a, b]]\nowner: \"true\"\n")
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	b, err := d.Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "geheim") {
		t.Error(string(b))
	}
	again, _, ps := decode(t, string(b))
	if len(ps) > 0 {
		t.Fatalf("%v in\n%s", ps, b)
	}
	again.Raw, f.Raw = yaml.Node{}, yaml.Node{}
	if diff := cmp.Diff(f, again); diff != "" {
		t.Error(diff)
	}
}
