package compare

import (
	"plumbline"
	"plumbline/detectors/incumbents"
)

// Report is what a comparison found. Its JSON is a contract: see docs/compare.md.
type Report struct {
	Reference Side      `json:"reference"`
	Current   Side      `json:"current"`
	Budget    float64   `json:"budget"` // expected false alarms of the whole comparison
	Level     float64   `json:"level"`  // of each judged test
	Judged    int       `json:"judged"` // how many tests share the budget
	Features  []Feature `json:"features"`
	Left      []Left    `json:"left_out,omitempty"` // columns that were not compared
	By        *By       `json:"by,omitempty"`
	Compat    Compat    `json:"compat,omitempty"`
	// Verdict is drift if a feature drifted, else no drift if any feature could be judged, else no verdict.
	Verdict plumbline.Verdict `json:"verdict"`
}

// Side is one of the two files.
type Side struct {
	Path    string `json:"path"`
	Rows    int64  `json:"rows"`
	Skipped int64  `json:"skipped,omitempty"` // rows that can't be read
	First   string `json:"first_skipped,omitempty"`
}

// Left is a column that was not compared.
type Left struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// By is the same comparison for each value of a column.
type By struct {
	Column string  `json:"column"`
	Groups []Group `json:"groups"`
	Rest   int64   `json:"rest,omitempty"` // rows of the current file in values that were not compared by themselves
}

// Group is the comparison of the rows with one value.
type Group struct {
	Value     string            `json:"value"`
	Reference int64             `json:"reference_rows"`
	Current   int64             `json:"current_rows"`
	Features  []Feature         `json:"features"`
	Verdict   plumbline.Verdict `json:"verdict"`
}

// Feature is one column, with every test that applies to it.
type Feature struct {
	Name     string                `json:"name"`
	Type     plumbline.FeatureType `json:"type"`
	N        int64                 `json:"n"` // values in the current file
	M        int64                 `json:"m"` // values in the reference
	Missing  Both                  `json:"missing"`
	Findings []Finding             `json:"findings"`
	// Verdict is drift if a judged test says so, else no drift if one of them could be judged.
	Verdict plumbline.Verdict `json:"verdict"`
	Bins    *plumbline.Bins   `json:"bins,omitempty"` // for pictures

	picture   picture
	found     []Finding // before they are seen together
	dependent bool      // rows were found to depend on each other
	constant  bool      // both sides hold one and the same value
}

// Both is a number of each side.
type Both struct {
	Reference int64 `json:"reference"`
	Current   int64 `json:"current"`
}

// Finding is one test of one feature.
type Finding struct {
	Test    string            `json:"test"`
	Value   *float64          `json:"value"`
	Effect  *float64          `json:"effect"`
	P       *float64          `json:"p_value"`
	Lower   *float64          `json:"lower"`
	Upper   *float64          `json:"upper"`
	SD      *float64          `json:"sd_shift"`
	N       float64           `json:"n"`
	M       float64           `json:"m"`
	Verdict plumbline.Verdict `json:"verdict"`
	Reason  string            `json:"reason,omitempty"`
	Note    string            `json:"note,omitempty"`
	Judged  bool              `json:"judged"` // it spends the budget and decides the feature's verdict
}

// Compat holds, by tool, what other tools' own default tests say.
type Compat map[string][]incumbents.Finding

// Tools are the ones whose rules Compat can hold.
var Tools = []string{"evidently", "nannyml"}
