package rules

import (
	"time"

	"plumbline"
)

// truth is what one evaluation says of one instance.
type truth int

const (
	no      truth = iota
	yes           //
	held          // the expression is false, but a firing alert's clear is not true yet
	unknown       // it could not be computed
)

// step moves one alert by one evaluation at an instant. It is the whole state machine:
//
//	inactive → pending → firing → inactive, and nodata instead of inactive while nothing can be said.
//
// A pending or firing alert freezes while the truth is unknown: it neither fires nor resolves, and the time does not count
// towards for. The caller has already applied the rule's no_data.
func step(a plumbline.Alert, r *Rule, t truth, reason string, at time.Time) (plumbline.Alert, plumbline.Edge) {
	frozen := a.Reason != "" && r.NoData != NoDataAlert
	a.Reason = reason
	switch t {
	case yes:
		switch {
		case a.State == plumbline.Pending && frozen:
			a.ActiveAt = a.ActiveAt.Add(at.Sub(a.LastTrue))
		case a.State != plumbline.Pending && a.State != plumbline.Firing:
			a.State, a.ActiveAt = plumbline.Pending, at
			a.FiredAt, a.ResolvedAt = time.Time{}, time.Time{}
		}
		a.LastTrue = at
		if a.State == plumbline.Pending && at.Sub(a.ActiveAt) >= r.For {
			a.State, a.FiredAt = plumbline.Firing, at
			return a, plumbline.EdgeFiring
		}
	case no:
		switch {
		case a.State == plumbline.Firing && at.Sub(a.LastTrue) < r.KeepFiringFor:
		case a.State == plumbline.Firing:
			a.State, a.ResolvedAt = plumbline.Inactive, at
			return a, plumbline.EdgeResolved
		default:
			a.State = plumbline.Inactive
		}
	case unknown:
		if a.State != plumbline.Pending && a.State != plumbline.Firing {
			a.State = plumbline.NoData
		}
	}
	return a, ""
}
