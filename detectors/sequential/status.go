package sequential

// Directions of a change.
const (
	Up   = "up"
	Down = "down"
)

// Status is where a detector stands after a step. Its numbers are always finite.
type Status struct {
	Alarm     bool    `json:"alarm"`
	Warning   bool    `json:"warning,omitempty"`   // only of detectors that know a warning zone
	Value     float64 `json:"value"`               // the statistic, in the unit the detector states
	Threshold float64 `json:"threshold"`           // what Value was compared with
	Step      int64   `json:"step"`                // number of this step since the start, from 1
	Since     int64   `json:"since,omitempty"`     // step at which the change is estimated to have begun; 0 without alarm
	Direction string  `json:"direction,omitempty"` // Up, Down, or empty if the detector does not tell
	Reason    string  `json:"reason,omitempty"`    // of an alarm: what moved; without one: why there was nothing to judge
}

// finite tells whether x is a number.
func finite(x float64) bool { return x-x == 0 }

const notFinite = "the value is not a finite number"
