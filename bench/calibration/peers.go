package main

import "math"

// peer is a package that people use, with what it did on this grid at its defaults: measured on the installed packages on
// 2026-11-21 with Python 3.11, per cent of windows. nr is not run.
type peer struct {
	name, version string
	independent   [6]float64    // windows of independent rows with any alarm, by gridSizes
	dependent     [6]float64    // the same of AR(1) 0.9 rows
	power         [3][5]float64 // +0.1 sd, +0.3 sd, rare class, up to 10,000 rows
	drawn         int           // colour of its line in the picture; 0 is none
}

var (
	nr       = math.NaN()
	notRun   = [5]float64{nr, nr, nr, nr, nr}
	noPower  = [3][5]float64{notRun, notRun, notRun}
	peerRuns = 200 // repetitions of most cells
)

// gridSizes are the window sizes of the grid.
var gridSizes = []int{50, 100, 200, 1000, 10000, 100000}

var peers = []peer{
	{"Evidently", "0.7.23", [6]float64{100, 100, 100, 100, 0, 0}, [6]float64{100, 100, 100, 100, 100, 100},
		[3][5]float64{{97, 80, 62, 56, 52}, {99, 99, 100, 100, 100}, {42, 10, 1, 0, 0}}, 1},
	{"NannyML, chunks of the window's size", "0.13.1", [6]float64{9.7, 12, 17, 83, 100, 100}, [6]float64{20, 22, 29, 89, 100, 100},
		[3][5]float64{{0.5, 0.4, 2.2, 35, 100}, {2.4, 14, 42, 100, 100}, {1.1, 1.8, 1.9, 14, 95}}, 3},
	{"NannyML, its ten chunks", "0.13.1", [6]float64{nr, nr, nr, 83, 0, nr}, [6]float64{nr, nr, nr, 89, 0, nr}, [3][5]float64{{nr, nr, nr, 35, 0}, notRun, notRun}, 0},
	{"alibi-detect", "0.13.0", [6]float64{12, 9, 8.5, 5.5, 3.5, 2.5}, [6]float64{100, 100, 100, 100, 100, 100},
		[3][5]float64{{0, 0.5, 4, 32, 100}, {8, 29, 67, 100, 100}, {3, 11, 13, 24, 86}}, 2},
	{"deepchecks", "0.19.1", [6]float64{51, 1, 0, 0, 0, 0}, [6]float64{100, 100, 100, 100, 6, 0},
		[3][5]float64{{4.5, 0, 0, 0, 0}, {39, 18, 5.5, 0, 0}, {1, 0, 0, 0, 0}}, 4},
	{"frouros, p < 0.05 a column", "0.9.0", [6]float64{78, 76, 74, 72, 74, 68}, [6]float64{100, 100, 100, 100, 100, 100},
		[3][5]float64{{7.5, 12, 26, 72, 100}, {46, 76, 95, 100, 100}, {24, 20, 28, 52, 99}}, 5},
	{"whylogs", "1.6.4", [6]float64{100, 100, 100, 100, 100, 100}, [6]float64{100, 100, 100, 100, 100, 100},
		[3][5]float64{{7.5, 12, 24, 71, 100}, {46, 76, 94, 100, 100}, {100, 100, 100, 75, 100}}, 6},
	{"popmon, red lights", "1.4.12", [6]float64{85, 36, 63, 49, nr, nr}, [6]float64{100, 100, 100, 100, nr, nr},
		[3][5]float64{{2.8, 0, 0.8, 6.8, nr}, {8.9, 4, 1.7, 98, nr}, {12, 3, 0.4, 1.1, nr}}, 7},
	{"menelaus, HDDDM", "0.2.0", [6]float64{100, nr, 61, 0, 0, nr}, [6]float64{100, nr, 81, 0, 0, nr}, noPower, 0},
	{"menelaus, kdq-tree", "0.2.0", [6]float64{100, nr, 100, 100, 4.3, nr}, [6]float64{100, nr, 100, 100, 100, nr}, noPower, 0},
}
