package rules

import (
	"strings"
	"time"

	"plumbline"
)

// testCatalogue offers the functions the pack uses and a few more.
func testCatalogue() Catalogue {
	c := Catalogue{Retention: 400 * 24 * time.Hour, DefaultInterval: time.Minute}
	for _, name := range strings.Fields(`psi psi_excess psi_p psi_lower ks ks_p js chi2 chi2_p mean_shift mean sd samples missing missing_p
		unseen unseen_p out_of_range invalid mean_length`) {
		c.Functions = append(c.Functions, Function{Name: name, Scope: FeatureScope, Unit: "1", Doc: "the feature's " + name})
	}
	for _, name := range strings.Fields(`volume null_answer_share mean_score mean_confidence redo_share switched_share throughput latency_p50 latency_p95
		latency_p99 error_share memory cpu accuracy accuracy_upper label_coverage`) {
		c.Functions = append(c.Functions, Function{Name: name, Scope: ModelScope, Unit: "1", Doc: "the model's " + name})
	}
	c.Functions = append(c.Functions, Function{Name: "class_share", Scope: ModelScope, Unit: "share", Doc: "share of answers of one class", Args: []string{"class"}})
	c.Functions = append(c.Functions, Function{Name: "drifted", Scope: ModelScope, Unit: "features", Doc: "features that drifted, by the rule's budget", Spends: true,
		Every: func(window time.Duration) time.Duration { return 2 * min(window, 24*time.Hour) }})
	c.Functions = append(c.Functions, Function{Name: "risk", Scope: ModelScope, Unit: "limits", Doc: "risk of labels", Spends: true, Tolerates: 1, Least: 48 * time.Hour, Step: 24 * time.Hour})
	return c
}

// declared is testCatalogue with manifests and triggers to check names against.
func declared() Catalogue {
	c := testCatalogue()
	c.Models = []plumbline.Model{
		{Name: "flights-delay", Features: []plumbline.Feature{{Name: "temp"}, {Name: "carrier"}, {Name: "distance"}}},
		{Name: "credit"},
	}
	c.Triggers = []string{"retrain-flights", "retrain-credit"}
	return c
}
