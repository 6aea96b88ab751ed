package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// sign is a way in which an event shows: an alert, of these features where it judges features, or of this slice.
type sign struct {
	alert    string
	features string // separated by spaces; any of them
	test     string // "" is any
	slice    string
	by       string // until when it counts, if not until the event's own end
}

// event is something that is known to have happened, as the folder of the log tells it.
type event struct {
	number   int
	what     string
	from, to string // New York's dates
	signs    []sign
	note     string // why not, or what to know
}

var weather = "weather temp dewp humid visib wind_speed precip"

// events in the order of the list that comes with the log. Numbers are that list's.
var events = []event{
	{1, "8 to 9 February, a blizzard", "", "", nil, "It lies in the training data, and makes it wide: no input of a stormy day is unlike anything in it."},
	{2, "6 to 8 March, a late winter storm", "2013-03-06", "2013-03-08", []sign{{"DriftOfTheDay", "score confidence prediction pressure visib precip", "", "", ""}, {"LabelsMissing", "", "", "", "2013-03-12"}}, "The mean score of the 8th, 0.43, is no news: 27 February, in the training data, has 0.45."},
	{3, "23 May and 24 June to 1 July, thunderstorms", "2013-05-23", "2013-07-01", []sign{{"LabelsMissing", "", "", "", "2013-07-05"}, {"AccuracyLow", "", "", "", "2013-07-05"}}, "That it is hot is said all summer; that flights are late only labels say."},
	{4, "12 September, a day of thunderstorms", "2013-09-12", "2013-09-12", []sign{{"LabelsMissing", "", "", "", "2013-09-16"}, {"AccuracyLow", "", "", "", "2013-09-17"}}, ""},
	{5, "5 to 17 December, snow, ice and fog", "2013-12-05", "2013-12-17", []sign{{"LabelsMissing", "", "", "", "2013-12-20"}, {"AccuracyLow", "", "", "", "2013-12-20"}}, "The inputs are those of winter again, which the training data has."},
	{6, "16 April, the systems of one company", "2013-04-16", "2013-04-16", []sign{{"LabelsMissingOfACarrier", "", "", "carrier=AA", "2013-04-20"}}, "Only labels, only of AA and MQ."},
	{7, "21 to 27 April, late flights in fine weather", "2013-04-21", "2013-04-27", []sign{{"AccuracyLow", "", "", "", "2013-05-01"}}, "No input has it. The alarm began with the late flights of the 18th and 19th."},
	{8, "6 July, a closed airport on the other coast", "2013-07-06", "2013-07-10", nil, "Some 40 questions a day to SFO: `dest` is no slice of this manifest, and in any other slice they drown."},
	{9, "22 July, a blocked runway", "2013-07-22", "2013-07-22", []sign{{"LabelsMissing", "", "", "", "2013-07-26"}, {"AccuracyLow", "", "", "", "2013-07-26"}}, "Told of the evening's storm; that it is one runway is seen by the airport's labels."},
	{10, "1 November, LAX", "2013-11-01", "2013-11-01", nil, "14 missing labels among 45: as 8."},
	{11, "April to October, heat the model never saw", "2013-04-01", "2013-10-31", []sign{{"DriftOfTheDay", "temp dewp", "", "", ""}}, "Single warm days come close before, 9 April with 69 and 16 May with 70 °F: days of January differ by as much as 36 °F."},
	{12, "September to November, fewer delays than expected", "2013-09-03", "2013-11-30", nil, "The inputs are the same. Accuracy rises, since few late flights are an easier question. It takes calibration, the mean score against the share of late flights."},
	{13, "months without holidays", "2013-03-01", "2013-08-31", []sign{{"DriftOfTheDay", "near_holiday", "", "", ""}, {"DriftOfTheWeek", "near_holiday", "", "", ""}}, "Rightly silent: of the days of the training data most are like these. In weeks, of which the baseline has eight, there is no verdict."},
	{14, "10 March and 3 November, the clocks change", "2013-03-10", "2013-03-12", []sign{{"DriftOfTheDay", "sched_dep_minute hour_departures", "", "", ""}, {"DriftOfTheHour", "sched_dep_minute hour_departures", "", "", ""}}, "Rightly silent: days and hours are New York's."},
	{15, "28 November, Thanksgiving", "2013-11-28", "2013-11-28", []sign{{"DriftOfTheDay", "sched_dep_minute hour_departures", "", "", ""}}, ""},
	{16, "2 April, VX begins at EWR", "2013-04-02", "2013-04-12", []sign{{"CarriersOfAnAirport", "", "", "origin=EWR", ""}}, "No value is new, only the pair: a test of the airport's slice."},
	{17, "new and vanished destinations", "2013-03-01", "2013-12-31", []sign{{"NewCodes", "", "", "", ""}, {"DriftOfTheWeek", "dest", "", "", ""}, {"VanishedDestinations", "", "", "", ""}}, ""},
	{18, "3 September, 9E moves to LaGuardia", "2013-09-03", "2013-09-20", []sign{{"CarriersOfAnAirport", "", "", "origin=LGA", ""}, {"CarriersOfAnAirport", "", "", "origin=JFK", ""}}, "Of all questions LGA's share rises from 30.6 % to 33.0 %: a twentieth of a standard deviation, which is tolerated."},
	{19, "26 August, one aircraft, and its maker, are gone", "2013-08-27", "2013-09-30", []sign{{"VanishedMakers", "", "", "", ""}}, "Two flights a day: in fourteen days 26 are missing."},
	{20, "12 February, 1,048 mph, in the training data; 27 July, a flight of 17 miles", "2013-07-26", "2013-07-27", []sign{{"DriftOfTheDay", "distance dest", "", "", ""}}, "One row among a day's 810 is no drift. A `min` of 80 in the manifest would count it by `out_of_range`. The wind of 1,048 mph blinds nothing: cells are quantiles."},
	{21, "31 December, the weather feed ends", "2013-12-30", "2013-12-31", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}, {"DriftOfTheDay", weather, "missing", "", ""}}, "By the budget at the day's end, `missing` +3.06 sd: of the hour the training data has gaps, too."},
	{22, "2 July, a gap of 41 questions at EWR", "2013-07-02", "2013-07-02", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}}, "By no budget: the training data has such gaps on three days of 59, as often as these. A rule on the share tells of them."},
	{22, "19 August, 49 questions at all airports", "2013-08-19", "2013-08-19", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}}, ""},
	{22, "22 August, 56 at EWR and JFK", "2013-08-22", "2013-08-22", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}}, ""},
	{22, "2 September, 14 at EWR", "2013-09-02", "2013-09-02", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}}, ""},
	{22, "23 October, 34 at EWR", "2013-10-23", "2013-10-23", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}}, ""},
	{22, "1 November, 85 at JFK and LGA", "2013-11-01", "2013-11-01", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}}, ""},
	{22, "4 November, 57 at all airports", "2013-11-04", "2013-11-04", []sign{{"DriftOfTheHour", weather, "missing", "", ""}, {"WeatherMissing", "", "", "", ""}}, ""},
	{23, "pressure is missing when it rains: 8 May, 81 %", "2013-05-08", "2013-05-08", []sign{{"DriftOfTheDay", "pressure", "missing", "", ""}, {"DriftOfTheHour", "pressure", "missing", "", ""}}, "The training data have it, too: 62 % are missing on its worst day, and days differ."},
	{24, "version 2 is not better every month", "", "", nil, "A comparison of two versions' labels, not a drift of inputs."},
}

// found is when an event was first told, by which sign.
type found struct {
	at   time.Time
	by   string
	what string
}

func (w *watched) find(e event) (first found, ok bool) {
	if e.from == "" {
		return first, false
	}
	for _, s := range e.signs {
		from, to := date(e.from), date(e.to).AddDate(0, 0, 1)
		if s.by != "" {
			to = date(s.by).AddDate(0, 0, 1)
		}
		f, got := w.sign(s, from, to)
		if got && (!ok || f.at.Before(first.at)) {
			first, ok = f, true
		}
	}
	return first, ok
}

func (w *watched) sign(s sign, from, to time.Time) (found, bool) {
	if s.features == "" {
		return w.told(s, from, to)
	}
	for _, d := range w.drifts {
		if d.alert == s.alert && slices.Contains(strings.Fields(s.features), d.feature) && (s.test == "" || s.test == d.test) &&
			!d.window.From.Before(from.Add(-time.Hour)) && d.window.From.Before(to) {
			return found{d.window.To, s.alert, fmt.Sprintf("`%s` of `%s`, %+.2f sd", d.test, d.feature, d.sd)}, true
		}
	}
	return found{}, false
}

// labelled are the rules whose windows end when labels have had time to come, and how long after an event's first day they have half
// a day of it.
var labelled = map[string]time.Duration{"AccuracyLow": 60 * time.Hour, "LabelsMissing": 60 * time.Hour, "LabelsMissingOfACarrier": 60 * time.Hour}

// told is when a rule fired; if it fired already, when its window had the event in it.
func (w *watched) told(s sign, from, to time.Time) (found, bool) {
	lag := labelled[s.alert]
	for _, e := range w.episodes {
		if e.Alert != s.alert || e.Slice != s.slice || !e.From.Before(to) {
			continue
		}
		switch since := from.Add(lag); {
		case !e.From.Before(since):
			return found{e.From, s.alert, s.slice}, true
		case lag > 0 && (e.To.IsZero() || e.To.After(since)):
			return found{since, s.alert, strings.TrimSpace(s.slice + " in an alarm since " + day(e.From))}, true
		}
	}
	return found{}, false
}

func date(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, place)
	if err != nil {
		panic(err) // a date of the table above
	}
	return t
}
