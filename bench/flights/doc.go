// Command flights runs the whole pipeline over the full log of the flights example, March to December, and writes the tables of
// docs/flights.md: what a budget of one false alarm in 30 days tells of, which of the known events it finds, what the default rules
// of other tools would have said on the same days, and how often either alarms where nothing drifts.
//
// The log is not in the repository: PLUMBLINE_FLIGHTS names its folder. Without it the example's part of the log is taken, one
// question in five from March to August.
package main
