package config

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"time"
	_ "time/tzdata" // a manifest's timezone means the same on every machine
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// Manifest is a file of model_files: what a team says of one model.
type Manifest struct {
	Model    string              `yaml:"model"`
	Task     string              `yaml:"task"`
	Positive string              `yaml:"positive"`
	Owner    string              `yaml:"owner"`
	Timezone string              `yaml:"timezone"`
	Holidays Holidays            `yaml:"holidays"`
	Baseline Baseline            `yaml:"baseline"`
	Features map[string]*Feature `yaml:"features"`
	Labels   Labels              `yaml:"labels"`
	Slices   []Names             `yaml:"slices"`
	Versions map[string]*Version `yaml:"versions"`
	Contract Contract            `yaml:"contract"`
	Pane     time.Duration       `yaml:"pane"`
	// Multivariate: see plumbline.Model.
	Multivariate bool `yaml:"multivariate"`
}

// Baseline says where a baseline comes from: one of a file, a time range and the first N records.
type Baseline struct {
	File  Path      `yaml:"file"`
	From  time.Time `yaml:"from"`
	To    time.Time `yaml:"to"`
	First int       `yaml:"first"`
}

// Feature is what is declared of one feature.
type Feature struct {
	Type string   `yaml:"type"`
	Unit string   `yaml:"unit"`
	Min  *float64 `yaml:"min"`
	Max  *float64 `yaml:"max"`
	PII  bool     `yaml:"pii"`
}

// Labels says when labels come.
type Labels struct {
	Delay time.Duration `yaml:"delay"`
}

// Version overrides the model's settings for one version.
type Version struct {
	Deployment string   `yaml:"deployment"`
	Baseline   Baseline `yaml:"baseline"`
}

// Contract is what a model promises.
type Contract struct {
	Latency map[string]time.Duration `yaml:"latency"`
	Memory  strictyaml.Size          `yaml:"memory"`
	Quality map[string]float64       `yaml:"quality"`
}

// Names is a list of names, or one name alone.
type Names []string

// UnmarshalStrict implements strictyaml.Unmarshaler.
func (ns *Names) UnmarshalStrict(n *yaml.Node, d *strictyaml.Decoder) {
	if n.Kind == yaml.SequenceNode {
		d.Decode(n, (*[]string)(ns))
		return
	}
	if s, ok := d.Scalar(n, "a name or a list of names"); ok {
		*ns = Names{s}
	}
}

// loadModel reads one manifest. The problem returned besides stands at the model's name, for the caller to fill.
// LoadModel reads one manifest to build its baseline, whose file need not exist yet.
func LoadModel(path string) (plumbline.Model, plumbline.Problems) {
	m, _, problems := loadManifest(path, os.LookupEnv, true)
	return m, problems
}

func loadModel(path string, env func(string) (string, bool)) (plumbline.Model, plumbline.Problem, plumbline.Problems) {
	return loadManifest(path, env, false)
}

func loadManifest(path string, env func(string) (string, bool), building bool) (plumbline.Model, plumbline.Problem, plumbline.Problems) {
	data, problem := read(path)
	if problem != nil {
		return plumbline.Model{}, plumbline.Problem{}, plumbline.Problems{*problem}
	}
	doc, problems := strictyaml.Parse(path, data)
	if problems.Errors() {
		return plumbline.Model{}, plumbline.Problem{}, problems
	}
	m := Manifest{Timezone: "UTC", Pane: time.Minute}
	problems = append(problems, doc.Decode(&m, strictyaml.Options{Env: env})...)
	k := &check{doc: doc, building: building}
	m.check(k)
	return m.model(doc), doc.Problem(&m.Model, plumbline.SeverityError, "", ""), append(problems, k.problems...)
}

var (
	tasks        = []string{"binary", "multiclass", "regression", "ranking", "detection", "text", "none"}
	featureTypes = []string{"number", "category", "boolean", "text", "embedding", "ignore"}
	deployments  = map[string]plumbline.Deployment{"live": plumbline.Live, "shadow": plumbline.Shadow, "canary": plumbline.Canary}
)

func (m *Manifest) check(k *check) {
	if k.required(&m.Model, "model") && !validName(m.Model) {
		k.fail(&m.Model, "a model's name has at most 256 bytes and no control characters", "choose another name")
	}
	if m.Task != "" {
		k.oneOf(&m.Task, "task", tasks...)
	}
	if m.Positive != "" && slices.Contains(tasks, m.Task) && m.Task != string(plumbline.TaskBinary) {
		k.warn(&m.Positive, "positive is for binary tasks, the task is "+m.Task, "remove it")
	}
	if _, err := time.LoadLocation(m.Timezone); err != nil || m.Timezone == "Local" {
		k.fail(&m.Timezone, fmt.Sprintf("timezone %q is not known", m.Timezone), "use a name of the tz database, like America/New_York or UTC")
	}
	m.Holidays.check(k)
	m.Baseline.check(k)
	k.between(&m.Labels.Delay, "delay", 0, 10*365*24*time.Hour)
	k.between(&m.Pane, "pane", time.Second, time.Hour)
	if m.Pane > 0 && time.Hour%m.Pane != 0 {
		k.fail(&m.Pane, fmt.Sprintf("an hour is not a multiple of %s", strictyaml.FormatDuration(m.Pane)), "use one of 1m, 5m, 10m, 15m")
	}
	for name, f := range m.Features {
		m.checkFeature(k, name, f)
	}
	m.checkSlices(k)
	for name, v := range m.Versions {
		if !validName(name) {
			k.at(&m.Versions, name, plumbline.SeverityError, "a version has at most 256 bytes and no control characters", "choose another name")
		}
		if v == nil {
			continue
		}
		if v.Deployment != "" {
			k.oneOf(&v.Deployment, "deployment", "live", "shadow", "canary")
		}
		v.Baseline.check(k)
	}
	m.Contract.check(k)
}

// at reports something about one key of a map.
func (k *check) at(m any, key string, sev plumbline.Severity, message, hint string) {
	line, col := k.doc.MapKeyAt(m, key)
	k.problems = append(k.problems, k.doc.ProblemAt(line, col, sev, message, hint))
}

func (b *Baseline) check(k *check) {
	var given []string
	if b.File != "" {
		given = append(given, "file")
	}
	if !b.From.IsZero() || !b.To.IsZero() {
		given = append(given, "a time range")
	}
	if k.doc.Has(&b.First) {
		given = append(given, "first")
	}
	if len(given) > 1 {
		k.fail(b, "a baseline comes from one of file, from and to, and first, not from "+strings.Join(given, " and "), "keep one")
	}
	if k.doc.Has(b) && len(given) == 0 {
		k.warn(b, "the baseline is empty: the first records will be taken", "give file, from and to, or first")
	}
	if !k.building {
		k.file(&b.File, string(b.File), "baseline file")
	}
	switch {
	case b.From.IsZero() != b.To.IsZero():
		k.fail(b, "a time range needs from and to", "to is exclusive")
	case !b.From.IsZero() && !b.From.Before(b.To):
		k.fail(&b.To, "to is not after from", "to is exclusive: the first instant that no longer belongs")
	}
	if k.doc.Has(&b.First) && b.First < 1 {
		k.fail(&b.First, fmt.Sprintf("first is %d", b.First), "it is a number of records, 1 or more")
	}
}

func (m *Manifest) checkFeature(k *check, name string, f *Feature) {
	if !validName(name) {
		k.at(&m.Features, name, plumbline.SeverityError, "a feature's name has at most 256 bytes and no control characters", "choose another name")
	}
	if f == nil {
		return
	}
	if f.Type != "" {
		k.oneOf(&f.Type, "type", featureTypes...)
	}
	if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		k.fail(f.Min, fmt.Sprintf("min %v is greater than max %v", *f.Min, *f.Max), "swap them")
	}
	if t := plumbline.FeatureType(f.Type); t == plumbline.TypeCategory || t == plumbline.TypeBoolean || t == plumbline.TypeIgnore {
		if f.Min != nil {
			k.failKey(&f.Min, "min is for numbers, "+name+" is a "+f.Type, "remove it, or say type: number")
		}
		if f.Max != nil {
			k.failKey(&f.Max, "max is for numbers, "+name+" is a "+f.Type, "remove it, or say type: number")
		}
	}
}

func (m *Manifest) checkSlices(k *check) {
	declared := make([]string, 0, len(m.Features))
	for name := range m.Features {
		declared = append(declared, name)
	}
	sort.Strings(declared)
	first := map[string]int{}
	for i := range m.Slices {
		s := &m.Slices[i]
		line, _ := k.doc.At(s)
		used := map[string]bool{}
		bad := len(*s) == 0
		for _, name := range *s {
			switch {
			case name == "" || !validName(name):
				bad = true
			case used[name]:
				k.fail(s, fmt.Sprintf("the slice names %s twice", name), "remove one of them")
			case m.Features[name] == nil:
				if near := strictyaml.Nearest(name, declared); near != "" {
					if _, isDeclared := m.Features[name]; !isDeclared {
						k.warn(s, fmt.Sprintf("the slice names %q, which is no declared feature", name), "did you mean "+near+"? a segment of the records may have any name")
					}
				}
			case m.Features[name].Type == string(plumbline.TypeNumber):
				k.warn(s, fmt.Sprintf("%s is a number: every value of it becomes a slice", name), "slice by a category")
			case m.Features[name].PII:
				k.fail(s, fmt.Sprintf("%s is marked pii, and a slice would show its values", name), "slice by something else")
			}
			used[name] = true
		}
		if bad {
			k.fail(s, "the slice names nothing", "write a feature or a segment, or a list of them")
			continue
		}
		canonical := append([]string(nil), *s...)
		sort.Strings(canonical)
		key := strings.Join(canonical, "\x00")
		if on, twice := first[key]; twice {
			k.fail(s, fmt.Sprintf("the slice %s is already on line %d", list(*s), on), "remove one of them")
			continue
		}
		first[key] = line
	}
}

// What quality metrics are computed from labels in this version.
var qualityMetrics = map[string]bool{"accuracy": true}

func (c *Contract) check(k *check) {
	for name, limit := range c.Latency {
		if name != "p50" && name != "p95" && name != "p99" {
			k.at(&c.Latency, name, plumbline.SeverityError, fmt.Sprintf("latency %q is not known", name), strictyaml.Suggest(name, []string{"p50", "p95", "p99"}))
		} else if limit <= 0 {
			k.at(&c.Latency, name, plumbline.SeverityError, "latency "+name+" must be more than 0", "write it like 50ms")
		}
	}
	if a, b, both := pair(c.Latency, "p50", "p99"); both && a > b {
		k.at(&c.Latency, "p50", plumbline.SeverityError, "p50 is above p99", "half of the answers can't take longer than nearly all of them")
	}
	for name, low := range c.Quality {
		switch {
		case !qualityMetrics[name]:
			k.at(&c.Quality, name, plumbline.SeverityWarning, fmt.Sprintf("the quality metric %s is not computed yet: nobody watches it", name), "accuracy is computed")
		case low < 0 || low > 1:
			k.at(&c.Quality, name, plumbline.SeverityError, fmt.Sprintf("%s is %v", name, low), "it is a share from 0 to 1")
		}
	}
}

func pair(m map[string]time.Duration, a, b string) (x, y time.Duration, both bool) {
	x, ok := m[a]
	y, ok2 := m[b]
	return x, y, ok && ok2
}

func validName(s string) bool {
	return s != "" && len(s) <= 256 && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// model is the manifest in the vocabulary's words.
func (m *Manifest) model(doc *strictyaml.Document) plumbline.Model {
	line, _ := doc.At(&m.Model)
	out := plumbline.Model{
		Name: m.Model, Task: plumbline.Task(m.Task), Positive: m.Positive, Owner: m.Owner, Baseline: m.Baseline.ref(),
		LabelDelay: m.Labels.Delay, Multivariate: m.Multivariate, Holidays: m.Holidays.days, Pane: m.Pane, File: doc.File(), Line: line,
		Contract: plumbline.Contract{Latency: m.Contract.Latency, Memory: int64(m.Contract.Memory), Quality: m.Contract.Quality},
	}
	if loc, err := time.LoadLocation(m.Timezone); err == nil && m.Timezone != "UTC" && m.Timezone != "" {
		out.Location = loc
	}
	for name, f := range m.Features {
		if f == nil {
			f = &Feature{}
		}
		out.Features = append(out.Features, plumbline.Feature{Name: name, Type: plumbline.FeatureType(f.Type), Unit: f.Unit, Min: f.Min, Max: f.Max, PII: f.PII})
	}
	sort.Slice(out.Features, func(i, j int) bool { // as they stand in the file
		al, ac := doc.MapKeyAt(&m.Features, out.Features[i].Name)
		bl, bc := doc.MapKeyAt(&m.Features, out.Features[j].Name)
		return al < bl || al == bl && ac < bc
	})
	for _, s := range m.Slices {
		sorted := append([]string(nil), s...)
		sort.Strings(sorted)
		out.Slices = append(out.Slices, sorted)
	}
	for name, v := range m.Versions {
		if out.Versions == nil {
			out.Versions = map[string]plumbline.VersionSpec{}
		}
		if v == nil {
			v = &Version{}
		}
		out.Versions[name] = plumbline.VersionSpec{Deployment: deployments[v.Deployment], Baseline: v.Baseline.ref()}
	}
	return out
}

func (b Baseline) ref() plumbline.BaselineRef {
	return plumbline.BaselineRef{File: string(b.File), From: b.From, To: b.To, First: b.First}
}
