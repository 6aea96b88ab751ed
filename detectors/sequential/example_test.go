package sequential_test

import (
	"context"
	"encoding/json"
	"fmt"

	"plumbline/detectors/sequential"
)

// A chart is made once from the baseline's counts; its state is stepped by every minute's counts and stored between them.
func ExampleQTEWMA() {
	baseline := []int64{2500, 2500, 2500, 2500}
	chart, err := sequential.NewQTEWMA(baseline, 0.1, 50) // remembers about 10 minutes of 50 rows
	if err != nil {
		fmt.Println(err)
		return
	}
	chart.Ordered = true
	if chart.Limits, err = sequential.Calibrate(context.Background(), chart, 1000, 1); err != nil {
		fmt.Println(err)
		return
	}
	var state sequential.QTEWMAState
	minutes := [][]int64{{12, 13, 12, 13}, {14, 11, 13, 12}, {8, 10, 14, 18}, {6, 10, 15, 19}, {7, 9, 13, 21}, {6, 9, 16, 19}}
	for _, counts := range minutes {
		stored, _ := json.Marshal(state)
		state = sequential.QTEWMAState{}
		if err := json.Unmarshal(stored, &state); err != nil {
			fmt.Println(err)
			return
		}
		if st := chart.Pane(&state, counts); st.Alarm {
			fmt.Printf("minute %d: %s since minute %d: %s\n", st.Step, st.Direction, st.Since, st.Reason)
			return
		}
	}
	// Output:
	// minute 6: up since minute 4: cell 3 holds 0.297 of the recent rows and 0.25 of the baseline
}

func ExampleCUSUM() {
	chart, err := sequential.NewCUSUM(120, 15, 0.5, 10_000) // latency in ms: mean, standard deviation, half the shift to find, mean run length
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("limit %.2f, finds 1 sd after %.0f steps\n", chart.H, sequential.CUSUMRunLength(chart.K, chart.H, 1))
	var state sequential.CUSUMState
	for _, ms := range []float64{118, 131, 109, 140, 152, 147, 155, 160, 149} {
		if st := chart.Step(&state, ms); st.Alarm {
			fmt.Printf("step %d, since step %d: %s\n", st.Step, st.Since, st.Reason)
		}
	}
	// Output:
	// limit 8.05, finds 1 sd after 16 steps
	// step 9, since step 4: about 2 standard deviations up for 6 steps
}
