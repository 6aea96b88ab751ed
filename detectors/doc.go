// Package detectors turns two summaries into one honest number. It owns, with its subpackages, every formula of the house and all
// use of gonum; it never reads a clock, a store or a random number without a seed, and no [Result] holds NaN or an infinity: what can't be
// computed is absent, with a reason.
//
// It has two layers. The first is mathematics on counts, moments and shares, which knows nothing of models or profiles: [PSI],
// [ChiSquare], [G], [KS], [AndersonDarling], [CramerVonMises], [JensenShannon], [Hellinger], [TotalVariation], [LInfinity], [Wasserstein],
// [AUC], [CategoryShift], [MeanShift], [VarianceRatio], [QuantileShift], [CompareShares], [NewCategories] and the like, each of them a
// [Result], and the laws behind them. The second, [Builtin], is the table of tests by name: each reads a baseline's and a window's
// summary and returns a [plumbline.Finding]. A new statistic is a function of the first layer and a line of that table.
//
// What a statistic does without drift is learned from the baseline's own windows: [Score], [FitNull] and [Calibration]. [Judges] are the
// tests worth a budget of false alarms, which [plumbline.Budget] turns into a level; [BenjaminiHochberg] lists what moved.
//
// For direct use, behind no name of a rule: [KullbackLeibler]; [PSICritical], [PSILower], [PSIRelevance] and [KSRelevance], limits and tests of
// a tolerated drift on counts alone; [DirichletNull] and [ExactChiSquareP], laws of windows with few rows; [KSExactTail] and the other tails.
// Package exact is for raw numbers, mmd for vectors, sequential for streams, incumbents for what other tools say.
//
// Words used throughout: the baseline has M rows in counts r, the window N rows in counts c, of B cells; p = r/M and q = c/N are
// shares; c0 = 1/N + 1/M is the scale of sampling noise.
package detectors
