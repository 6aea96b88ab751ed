package plumbline

import "time"

// FeatureType is how a feature is summarised.
type FeatureType string

const (
	TypeAuto      FeatureType = ""          // inferred: from the baseline, else from the first values
	TypeNumber    FeatureType = "number"    //
	TypeCategory  FeatureType = "category"  //
	TypeBoolean   FeatureType = "boolean"   // a category with the values true and false
	TypeText      FeatureType = "text"      // its length in characters, as a number
	TypeEmbedding FeatureType = "embedding" // its Euclidean norm, as a number
	TypeIgnore    FeatureType = "ignore"    // not profiled
)

// Numeric reports whether the type is summarised as a number.
func (t FeatureType) Numeric() bool {
	return t == TypeNumber || t == TypeText || t == TypeEmbedding
}

// Feature is what a manifest declares of one feature.
type Feature struct {
	Name string
	Type FeatureType
	Unit string
	Min  *float64 // smallest legal value; what is below counts as out of range
	Max  *float64
	PII  bool // never stored or shown in clear
}

// Task is what kind of answer a model gives.
type Task string

const (
	TaskNone       Task = "none"
	TaskBinary     Task = "binary"
	TaskMulticlass Task = "multiclass"
	TaskRegression Task = "regression"
	TaskRanking    Task = "ranking"
	TaskDetection  Task = "detection"
	TaskText       Task = "text"
)

// BaselineRef says where a version's baseline comes from: exactly one of File, First, or the time range.
type BaselineRef struct {
	File     string
	From, To time.Time
	First    int // the first N records
}

// IsZero reports whether nothing was said.
func (b BaselineRef) IsZero() bool {
	return b.File == "" && b.From.IsZero() && b.To.IsZero() && b.First == 0
}

// VersionSpec overrides a model's settings for one version.
type VersionSpec struct {
	Deployment Deployment
	Baseline   BaselineRef
}

// Contract holds the limits a model promises to keep; each is a rule without being written. Zero means no promise.
type Contract struct {
	Latency map[string]time.Duration // by quantile: p50, p95, p99
	Memory  int64                    // bytes
	Quality map[string]float64       // minimum by metric: accuracy, …
}

// Model is the manifest of one model. The zero value plus a name is a model nobody declared.
type Model struct {
	Name     string
	Task     Task
	Positive string // the positive class of a binary task
	Owner    string
	Location *time.Location // for hours of the week and days; nil is UTC
	Holidays []string       // days unlike others of their day of the week: names of calendars, and dates like 2026-12-24
	Baseline BaselineRef
	Features []Feature
	// Multivariate asks for whole rows to be profiled too: the numeric inputs of a record together, as one vector.
	Multivariate bool
	// LabelDelay is how long after the question a label is expected; quality of younger windows is provisional.
	LabelDelay time.Duration
	Slices     [][]string // each a set of segment or feature names, sorted
	Versions   map[string]VersionSpec
	Contract   Contract
	Pane       time.Duration // width of the finest pane; 0 is one minute
	File       string        // where it was declared; empty for a model nobody declared
	Line       int
}

// Feature returns what the manifest declares of a feature, or the zero Feature.
func (m *Model) Feature(name string) Feature {
	for _, f := range m.Features {
		if f.Name == name {
			return f
		}
	}
	return Feature{Name: name}
}
