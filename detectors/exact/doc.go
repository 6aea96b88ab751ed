// Package exact compares two columns of raw numbers, value by value, as SciPy does. It owns nothing but the walk over sorted values: the
// laws are those of package detectors, which compares counts on a grid; this package says what the grid costs.
//
// Every function takes the values of a baseline and of a window in any order and does not change them; sorted ones are used as they
// are, others are sorted in a copy. Time is that of sorting, O(N log N), then linear. There is no least number of rows beyond what
// the statistic needs: what a few rows are worth is for the caller to judge. Values that are NaN give a Reason: the caller leaves
// them out and counts them. Infinities are values like others where only the order counts.
//
// [Brier], [LogLoss] and [NDCG] are of another kind: they judge the scores of one set of rows by what came true, as scikit-learn does.
// They, and [ScholzStephens], SciPy's table of p-values, are for direct use: no command calls them.
package exact
