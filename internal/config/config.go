package config

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"time"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// BuiltinRules stands in Config.Rules for the rule pack inside the binary.
const BuiltinRules = "builtin"

// Config is plumbline.yaml. Load fills every field, so that nobody after it needs to know a default.
type Config struct {
	DataDir       Path           `yaml:"data_dir"`
	Web           Web            `yaml:"web"`
	Evaluation    Evaluation     `yaml:"evaluation"`
	Store         Store          `yaml:"store"`
	Sources       []Source       `yaml:"sources"`
	ModelFiles    []string       `yaml:"model_files"`
	RuleFiles     []string       `yaml:"rule_files"`
	AutoRegister  bool           `yaml:"auto_register"` // take models nobody declared
	AutoBaseline  int            `yaml:"auto_baseline"` // a version without a baseline gets its first N records as one; 0: none
	Route         *Route         `yaml:"route"`         // nil: nobody is notified
	Receivers     []Receiver     `yaml:"receivers"`
	InhibitRules  []InhibitRule  `yaml:"inhibit_rules"`
	TimeIntervals []TimeInterval `yaml:"time_intervals"`
	Triggers      []Trigger      `yaml:"triggers"`
	Limits        Limits         `yaml:"limits"`

	File   string            `yaml:"-"` // where it was read from
	Models []plumbline.Model `yaml:"-"` // from ModelFiles, ordered by name
	Rules  []string          `yaml:"-"` // rule files found by RuleFiles, or BuiltinRules if the key is absent

	doc *strictyaml.Document
}

// Evaluation says when rules are evaluated.
type Evaluation struct {
	Interval time.Duration `yaml:"interval"`
	Offset   time.Duration `yaml:"offset"` // an instant is judged this long after it has passed, so that stragglers are in
	Clock    string        `yaml:"clock"`
}

// Values of Evaluation.Clock.
const (
	ClockWall = "wall"
	ClockData = "data" // the newest event time seen
	ClockAuto = "auto" // data when every source is a file read to its end, else wall
)

func defaults(dir string) *Config {
	return &Config{
		DataDir:      Path(filepath.Join(dir, "data")),
		Web:          Web{Listen: "127.0.0.1:9188"},
		Evaluation:   Evaluation{Interval: time.Minute, Offset: 30 * time.Second, Clock: ClockAuto},
		Store:        defaultStore(),
		AutoRegister: true,
		AutoBaseline: 10000,
		Limits:       defaultLimits(),
	}
}

// Load reads a configuration, the manifests it names and the list of rule files, and checks everything but the rules'
// content. The Config is never nil; it may be used unless the problems hold an error.
func Load(path string) (*Config, plumbline.Problems) {
	return load(path, os.LookupEnv)
}

func load(path string, env func(string) (string, bool)) (*Config, plumbline.Problems) {
	c := defaults(filepath.Dir(path))
	c.File = path
	data, problem := read(path)
	var problems plumbline.Problems
	if problem != nil {
		problems = append(problems, *problem)
	}
	var ps plumbline.Problems
	c.doc, ps = strictyaml.Parse(path, data)
	problems = append(problems, ps...)
	if problems.Errors() { // defaults of what could not be read would only confuse
		return c, problems
	}
	problems = append(problems, c.doc.Decode(c, strictyaml.Options{Env: env})...)
	c.derive()
	k := &check{doc: c.doc}
	c.check(k)
	c.Rules = c.ruleFiles(k)
	files := c.modelFiles(k)
	problems = append(problems, k.problems...)
	problems = append(problems, c.loadModels(files, env)...)
	problems.Sort()
	return c, problems
}

// maxFile bounds what is read as configuration.
const maxFile = 8 << 20

func read(path string) ([]byte, *plumbline.Problem) {
	problem := func(message, hint string) *plumbline.Problem {
		return &plumbline.Problem{File: path, Severity: plumbline.SeverityError, Message: message, Hint: hint}
	}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return nil, problem("no such file", "an empty file is a valid configuration")
	case err == nil && info.Size() > maxFile:
		return nil, problem(fmt.Sprintf("larger than %d MiB", maxFile>>20), "")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem("can't be read: "+reason(err), "")
	}
	return data, nil
}

// derive fills defaults that depend on other keys.
func (c *Config) derive() {
	if c.Web.ExternalURL == "" {
		c.Web.ExternalURL = "http://" + c.Web.Listen
	}
	if c.Store.Kind == StoreClickHouse && !c.doc.Has(&c.Store.Samples.MaxPerPane) {
		c.Store.Samples.MaxPerPane = 0 // ClickHouse keeps all rows
	}
	if c.Sources == nil {
		c.Sources = []Source{{Name: "http", HTTP: &HTTP{}}}
		c.Sources[0].SetDefaults()
		c.Sources[0].HTTP.SetDefaults()
	}
	for _, s := range c.Sources {
		for i := 0; s.File != nil && i < len(s.File.Paths); i++ {
			if p := &s.File.Paths[i]; *p != "-" {
				*p = beside(c.File, *p)
			}
		}
	}
	if c.Route != nil {
		c.Route.inherit(c.doc, defaultRoute())
	}
}

func (c *Config) check(k *check) {
	c.Web.check(k)
	k.oneOf(&c.Evaluation.Clock, "clock", ClockWall, ClockData, ClockAuto)
	k.between(&c.Evaluation.Interval, "interval", time.Second, 24*time.Hour)
	k.between(&c.Evaluation.Offset, "offset", 0, 24*time.Hour)
	k.atLeast(&c.AutoBaseline, "auto_baseline", 0)
	if c.AutoBaseline > 0 && c.AutoBaseline < 100 {
		k.warn(&c.AutoBaseline, fmt.Sprintf("a baseline of %d records says little", c.AutoBaseline), "use 1000 or more")
	}
	c.Store.check(k)
	c.checkSources(k)
	c.checkReceivers(k)
	c.checkTriggers(k)
	c.Limits.check(k)
}

// expand finds the files of one pattern, relative to the configuration.
func (c *Config) expand(k *check, pattern *string, key string) []string {
	found, err := filepath.Glob(beside(c.File, *pattern))
	switch {
	case err != nil:
		k.fail(pattern, fmt.Sprintf("%q is not a pattern for file names", *pattern), "a [ needs its ]; * stands for any text without /")
	case len(found) == 0:
		k.warn(pattern, fmt.Sprintf("%s: %q matches no file", key, *pattern), "patterns are relative to the folder of "+filepath.Base(c.File))
	}
	var files []string
	for _, f := range found {
		if info, err := os.Stat(f); err == nil && !info.IsDir() {
			files = append(files, f)
		}
	}
	return files
}

// beside makes a path relative to the folder of file, unless it is absolute.
func beside(file, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

func (c *Config) ruleFiles(k *check) (files []string) {
	if c.RuleFiles == nil {
		return []string{BuiltinRules}
	}
	for i := range c.RuleFiles {
		if p := &c.RuleFiles[i]; *p == BuiltinRules {
			files = append(files, BuiltinRules)
		} else {
			files = append(files, c.expand(k, p, "rule_files")...)
		}
	}
	return unique(files)
}

func (c *Config) modelFiles(k *check) (files []string) {
	for i := range c.ModelFiles {
		files = append(files, c.expand(k, &c.ModelFiles[i], "model_files")...)
	}
	return unique(files)
}

func unique(list []string) []string {
	seen := map[string]bool{}
	out := []string{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func (c *Config) loadModels(files []string, env func(string) (string, bool)) plumbline.Problems {
	var problems plumbline.Problems
	declared := map[string]plumbline.Model{}
	for _, f := range files {
		m, name, ps := loadModel(f, env)
		problems = append(problems, ps...)
		if m.Name == "" {
			continue
		}
		if first, twice := declared[m.Name]; twice {
			name.Message = fmt.Sprintf("the model %q is declared in %s:%d already", m.Name, first.File, first.Line)
			name.Hint = "one manifest holds all versions of a model"
			problems = append(problems, name)
			continue
		}
		declared[m.Name] = m
		c.Models = append(c.Models, m)
	}
	sort.Slice(c.Models, func(i, j int) bool { return c.Models[i].Name < c.Models[j].Name })
	if limit := c.Limits.MaxModels; limit > 0 && len(c.Models) > limit {
		problems = append(problems, c.doc.Problem(&c.Limits.MaxModels, plumbline.SeverityError,
			fmt.Sprintf("%d models are declared, max_models is %d", len(c.Models), limit), "raise limits.max_models"))
	}
	return problems
}

// TriggerNames are the names rules may give as their trigger.
func (c *Config) TriggerNames() []string {
	return names(c.Triggers, func(t Trigger) string { return t.Name })
}

// ReceiverNames are the names routes may give as their receiver.
func (c *Config) ReceiverNames() []string {
	return names(c.Receivers, func(r Receiver) string { return r.Name })
}

// IntervalGiven reports whether evaluation.interval was written.
func (c *Config) IntervalGiven() bool { return c.doc.Has(&c.Evaluation.Interval) }

// Replay reports whether every source is a set of files that is read to its end.
func (c *Config) Replay() bool {
	for _, s := range c.Sources {
		if s.File == nil || s.File.Follow {
			return false
		}
	}
	return len(c.Sources) > 0
}

// Problem is an error about one of the configuration's values, given by its address, for what only its user can judge.
func (c *Config) Problem(ptr any, message, hint string) plumbline.Problem {
	return c.doc.Problem(ptr, plumbline.SeverityError, message, hint)
}

// Redacted is the configuration in effect as YAML, without secrets and with environment references as they were written.
func (c *Config) Redacted() ([]byte, error) { return c.doc.Encode(c) }
