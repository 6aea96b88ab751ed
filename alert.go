package plumbline

import "time"

// AlertState as in Prometheus, and NoData, which Prometheus lacks.
type AlertState string

const (
	Inactive AlertState = "inactive"
	Pending  AlertState = "pending"
	Firing   AlertState = "firing"
	NoData   AlertState = "nodata" // the expression could not be computed; see Alert.Reason
)

// Edge is a change of an alert's state that someone may be told of.
type Edge string

const (
	EdgeFiring   Edge = "firing"
	EdgeResolved Edge = "resolved"
	EdgeRepeat   Edge = "repeat" // still firing after the repeat interval
)

// Alert is one instance of an alerting rule: the rule with its labels bound.
type Alert struct {
	Rule        string            `json:"rule"` // identity: a hash of group, name, expression and labels of the rule
	Group       string            `json:"group"`
	Name        string            `json:"name"`
	Expr        string            `json:"expr"`
	Source      string            `json:"source"` // file:line of the rule
	Labels      map[string]string `json:"labels"` // alertname, model, feature, … and the rule's own
	Annotations map[string]string `json:"annotations"`
	State       AlertState        `json:"state"`
	Reason      string            `json:"reason,omitempty"`
	ActiveAt    time.Time         `json:"active_at"` // first true evaluation of this episode
	FiredAt     time.Time         `json:"fired_at"`
	ResolvedAt  time.Time         `json:"resolved_at"`
	LastTrue    time.Time         `json:"last_true"`
	Findings    []Finding         `json:"findings,omitempty"` // every statistic the expression read
	Trigger     string            `json:"trigger,omitempty"`  // name of the trigger this rule pulls
	BaselineID  string            `json:"baseline,omitempty"` // content hash of the baseline
	AutoBase    bool              `json:"auto_baseline,omitempty"`
}

// Transition is one edge of one alert at one evaluation.
type Transition struct {
	At    time.Time
	Edge  Edge
	Alert Alert
}
