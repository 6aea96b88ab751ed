// Package detectors turns two summaries into one honest number. It owns every formula of the house and all use of gonum; it never
// reads a clock, a store or a random number, and never returns NaN or an infinity: what can't be computed is absent, with a reason.
//
// It has two layers. The first is mathematics on counts: [PSI], [ChiSquare], [G], [KS], [AndersonDarling], [CramerVonMises],
// [JensenShannon], [Hellinger], [Wasserstein], [AUC], [CategoryShift], [MeanShift] and the like and the distributions behind them know nothing of models or profiles. The second, [Builtin], is the
// table of tests by name: each reads a baseline's and a window's summary and returns a [plumbline.Finding]. A new statistic is a
// function of the first layer and a line of that table.
//
// Words used throughout: the baseline has M rows in counts r, the window N rows in counts c, of B cells; p = r/M and q = c/N are
// shares; c0 = 1/N + 1/M is the scale of sampling noise.
package detectors
