package main

import "strings"

// reasons say why an alarm is true, by rule, first day and feature. They were found by looking at the rows.
var reasons = map[string]string{
	"Day 22 Apr pressure":         "a high, 1036 mbar all day; no day of the training data is above 1032",
	"Day 21 May temp":             "the season: days of 71 to 91 °F; the warmest of the training data has 52, its highest value is 64",
	"Day 3 Oct temp":              "a warm week, 71 to 74 °F",
	"Day 4 Nov pressure":          "a high, 1036 mbar, above every day of the training data",
	"Day 28 Nov sched_dep_minute": "Thanksgiving: 634 questions instead of some 1,000, 11 % of them for the evening after six instead of 22 %",
	"Day 31 Dec weather":          "the weather feed has ended, event 21",
	"Week 16 Jun dest":            "the summer timetable, to the end of the year: FLL, PBI and RSW lose, SFO, LAX, CHS and ORD gain, the islands ACK and MVY are new, BWI has lost half",
	"Week 19 Dec seats":           "other aircraft over the holidays: 55 seats have 15.6 % instead of 20 %, 142 seats 6.3 % instead of 2.7 %",
}

// reason is why an alarm is true; empty if nobody looked.
func reason(s spell) string {
	return reasons[strings.TrimPrefix(s.alert, "DriftOfThe")+" "+day(s.from)+" "+s.feature]
}
