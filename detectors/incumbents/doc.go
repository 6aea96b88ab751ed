// Package incumbents has the default drift rules of the tools that teams come from, computed on the rows of two columns as those tools
// compute them: their choice of test by the column's type and size, their bins, their thresholds. With them a team that changes sees
// the numbers it had, and the false alarms of those rules can be counted beside ours.
//
// The rules were read in, and the numbers are held to, these releases:
//
//	Evidently 0.7.23    DataDriftPreset
//	NannyML 0.13.1      UnivariateDriftCalculator with the default chunks and thresholds
//	alibi-detect 0.13.0 TabularDrift
//	frouros 0.9.0       KSTest and ChiSquareTest
//	whylogs 1.6.4       the column drift algorithms, on exact quantiles in place of its sketches
//
// [EvidentlyDataset], [RandomSplits] and [ConsecutiveSplits] are for direct use: the verdict on a whole table, and cuts of one's own log with which
// [Audit] counts false alarms.
//
// The package never decides anything for plumbline: its own tests are in package detectors. It reads no file and keeps no state, and
// what it returns holds neither NaN nor infinity.
package incumbents
