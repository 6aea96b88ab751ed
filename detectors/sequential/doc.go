// Package sequential detects changes in a stream one observation, or one pane of counts, at a time, with state of a few numbers. A
// detector may be asked after every observation: the mean time between false alarms, not a p-value per look, is what it is set to.
//
// Each detector is two values. Its chart holds what does not change (the baseline, the limits) and may be shared; its state holds
// what does, is a plain struct that survives encoding/json, and is owned by the caller, so that a stream can be stopped, stored and
// resumed without a difference. Step methods change the state and return a [Status]. Nothing here reads a clock or an unseeded
// random number, and a number that is NaN, infinite or out of range is refused, counted in the state and otherwise ignored.
//
// What to choose:
//   - [QTEWMA]: any change in the distribution of a numeric or categorical feature;
//   - [CUSUM]: a shift of a scalar such as a mean score, a latency or an estimated accuracy;
//   - [ECUSUM]: a rise of a bounded loss, with a guarantee that needs no independence;
//   - [Confidence]: how large a running rate is, at all times at once; [RiskRise] compares two.
//
// For direct use, not reached by rules: [NewConfidence] and [RiskRise], [Regroup] for counts of cells that [Coarsen] joined, and all that
// follows.
//
// [PageHinkley], [ADWIN], [KSWIN], [DDM] and [EDDM] compute what River 0.26.1 computes, for those who migrate. Their thresholds set
// no false-alarm rate: they are not to be preferred.
package sequential
