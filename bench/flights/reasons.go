package main

import "strings"

// reasons say why an alarm is true, by rule, first day and feature. They were found by looking at the rows.
var reasons = map[string]string{
	"Day 12 Mar precip":           "it rained for 78 % of the questions, on the wettest day of the training data for 72 %",
	"Day 22 Apr pressure":         "a high, 1036 mbar all day; no day of the training data is above 1032",
	"Day 16 May temp":             "the season: days of 66 to 91 °F; the warmest of the training data has 52, its highest value is 64",
	"Day 19 May precip":           "rain for 88 % of the questions",
	"Day 7 Jun precip":            "rain for 97 %, the wettest day of the year",
	"Day 22 Aug weather":          "the gap of event 22, 56 questions at EWR and JFK",
	"Day 3 Oct temp":              "a warm week, 71 to 74 °F",
	"Day 17 Oct temp":             "one warm day more, 66 °F",
	"Day 1 Nov weather":           "the gaps of event 22 on the 1st, 85 questions, and the 4th, 57",
	"Day 4 Nov pressure":          "a high, 1036 mbar, above every day of the training data",
	"Day 28 Nov sched_dep_minute": "Thanksgiving: 634 questions instead of some 1,000, 11 % of them for the evening after six instead of 22 %",
	"Day 31 Dec weather":          "the weather feed has ended, event 21",
	"Hour 27 Mar wind_speed":      "for an hour EWR reports weather without wind, 23 of 52 questions",
	"Hour 2 Apr weather":          "a gap at JFK, all three questions of the hour",
	"Hour 22 May wind_speed":      "for an hour JFK reports weather without wind",
	"Hour 4 Jul wind_speed":       "as 22 May",
	"Hour 20 Jul wind_speed":      "as 22 May",
	"Hour 2 Jul weather":          "the gap of event 22, 41 questions at EWR",
	"Hour 31 Jul weather":         "a gap in the night, five of seven questions",
	"Hour 19 Aug weather":         "the gaps of event 22: all airports on the 19th, EWR and JFK on the 22nd",
	"Hour 2 Sep weather":          "the gap of event 22, 14 questions at EWR",
	"Hour 23 Oct weather":         "the gap of event 22, 34 questions at EWR",
	"Hour 1 Nov weather":          "the gaps of event 22 on the 1st and the 4th, and one of three questions on the 2nd",
	"Hour 30 Dec weather":         "the weather feed has ended, event 21: told after the first hour",
	"Week 16 May dest":            "the summer timetable, to the end of the year: FLL, PBI and RSW lose, SFO, LAX, CHS and ORD gain, the islands ACK and MVY are new, BWI has lost half",
	"Week 21 Sep seats":           "other aircraft: 80 seats have 4.9 % instead of 1.6 %, 200 seats 14.8 % instead of 17.7 %",
	"Week 18 Dec seats":           "other aircraft over the holidays: 55 seats have 15.6 % instead of 20 %, 142 seats 6.3 % instead of 2.7 %",
	"Week 25 Dec weather":         "the weather feed has ended, event 21",
}

// reason is why an alarm is true; empty if nobody looked.
func reason(s spell) string {
	key := strings.TrimPrefix(s.alert, "DriftOfThe") + " " + day(s.from) + " " + s.feature
	if why, ok := reasons[key]; ok {
		return why
	}
	if s.feature == "precip" && s.alert == "DriftOfTheHour" {
		return "heavy rain at all three airports, 0.07 inches an hour and more"
	}
	return ""
}
