package detectors

import "plumbline/profiles"

// Builtin is the table of all tests of profiles. Statistics of single rows, which need labels or sessions, are not of this package.
func Builtin() []Test {
	return []Test{
		// Drift of a feature against its baseline.
		drift("psi", AnyKind, "1", "population stability index on the baseline's deciles, or categories with <unseen> and <missing>", psiOf),
		drift("psi_raw", AnyKind, "1", "psi of the plain shares, without smoothing; none if a cell is empty on one side", psiRawOf),
		drift("psi_excess", AnyKind, "1", "psi without what noise alone brings at these numbers of rows", effectOf(psiOf)),
		drift("psi_lower", AnyKind, "1", "largest psi that the data rule out from below at 95 %", lowerOf(psiOf)),
		drift("psi_p", AnyKind, "1", "p-value of psi: chance of a difference this large without drift", pOf(psiOf)),
		drift("chi2", AnyKind, "1", "two-sample Pearson chi-square on the cells of psi", chi2Of),
		drift("chi2_p", AnyKind, "1", "p-value of chi2", pOf(chi2Of)),
		drift("g", AnyKind, "1", "two-sample likelihood ratio on the cells of psi", gOf),
		drift("g_p", AnyKind, "1", "p-value of g", pOf(gOf)),
		drift("js", AnyKind, "1", "Jensen-Shannon distance, base 2, on the cells of psi: 0 is the same, 1 is disjoint", jsOf),
		drift("ks", Numeric, "1", "Kolmogorov-Smirnov distance on the baseline's grid, a lower bound of the raw one", ksOf),
		drift("ks_p", Numeric, "1", "p-value of ks, conservative", pOf(ksOf)),
		drift("hellinger", AnyKind, "1", "Hellinger distance on the cells of psi: 0 is the same, 1 is disjoint", hellingerOf),
		drift("tv", AnyKind, "1", "total variation on the cells of psi: the share of rows that changed cells", tvOf),
		drift("linf", AnyKind, "1", "largest change of a share on the cells of psi", linfOf),
		drift("linf_p", AnyKind, "1", "p-value of linf, Bonferroni's over the cells", pOf(linfOf)),
		drift("ad", Numeric, "1", "Anderson-Darling statistic on the baseline's grid, standardised: 0 on average without drift", adOf),
		drift("ad_p", Numeric, "1", "p-value of ad", pOf(adOf)),
		drift("cvm", Numeric, "1", "Cramér-von Mises statistic on the baseline's grid", cvmOf),
		drift("cvm_p", Numeric, "1", "p-value of cvm", pOf(cvmOf)),
		drift("w1", Numeric, "1", "Wasserstein distance in units of the feature: how far a value moved on average", w1Of),
		drift("w1_sd", Numeric, "sd", "Wasserstein distance in standard deviations of the baseline", w1SDOf),
		drift("auc", Numeric, "1", "probability that a value is larger than one of the baseline: 0.5 is no shift", aucOf),
		drift("auc_p", Numeric, "1", "p-value of auc: Mann-Whitney's test", pOf(aucOf)),
		drift("mean_shift", Numeric, "sd", "shift of the mean in standard deviations of the baseline", meanShiftOf),
		drift("welch", Numeric, "1", "Welch's t of the mean", welchOf),
		drift("welch_p", Numeric, "1", "p-value of welch", pOf(welchOf)),
		drift("var_ratio", Numeric, "1", "variance by that of the baseline", varRatioOf),
		drift("var_ratio_p", Numeric, "1", "p-value of var_ratio, which heavy tails don't mislead", pOf(varRatioOf)),
		drift("p50_shift", Numeric, "1", "median less that of the baseline, with an interval", quantileShiftOf(0.50)),
		drift("p95_shift", Numeric, "1", "95th percentile less that of the baseline, with an interval", quantileShiftOf(0.95)),
		drift("p99_shift", Numeric, "1", "99th percentile less that of the baseline, with an interval", quantileShiftOf(0.99)),
		drift("category_shift", Categorical, "1", "standardised change of the category that changed least by chance: a rare class is not drowned", categoryShiftOf),
		drift("category_shift_p", Categorical, "1", "p-value of category_shift, exact and corrected for the number of categories", pOf(categoryShiftOf)),

		// Drift of embeddings.
		drift("mmd", Embedding, "1", "squared maximum mean discrepancy of the vectors, which sees any change of their joint distribution", mmdOf),
		drift("mmd_p", Embedding, "1", "p-value of mmd", pOf(mmdOf)),
		drift("cosine_shift", Embedding, "1", "cosine distance of the mean vector: 0 is the same direction, 1 a right angle", cosineOf),
		drift("components_drifted", Embedding, "share", "share of the coordinates whose mean moved, at a false discovery rate of 5 %", componentsOf),
		drift("components_drifted_p", Embedding, "1", "p-value of components_drifted: that none moved, by Simes", pOf(componentsOf)),

		// Quality of a feature's data; compared with the baseline where there is one.
		feature("missing", AnyKind, "share", "share of records without a value: null, absent or NaN", missingOf),
		feature("missing_p", AnyKind, "1", "p-value of missing against the baseline", pOf(missingOf)),
		feature("nan", AnyKind, "share", "share of records whose value is NaN, in any spelling", nanOf),
		feature("invalid", AnyKind, "share", "share of records whose value is infinite or of another type", invalidOf),
		feature("type_change", AnyKind, "share", "share of values of another type than the feature's, like a text for a number; the note names them", typeChangeOf),
		feature("type_change_p", AnyKind, "1", "p-value of type_change against the baseline", pOf(typeChangeOf)),
		drift("constant", AnyKind, "share", "share of the most frequent value: 1 is a constant; below it, of a number, at most so much", constantOf),
		drift("constant_p", AnyKind, "1", "chance that all values are alike, given their shares in the baseline; 1 where they differ", pOf(constantOf)),
		feature("out_of_range", Numeric, "share", "share of values outside the declared range, else outside the baseline's", outOfRangeOf),
		drift("unseen", Categorical, "share", "share of values in categories the baseline never saw", unseenOf),
		drift("unseen_p", Categorical, "1", "chance of so many new categories, or one so large, given that a baseline does not have everything", pOf(unseenOf)),
		drift("vanished_categories", Categorical, "categories", "number of the baseline's categories that are gone, surely at 95 %; the note names them", vanishedCategoriesOf),
		drift("vanished_categories_p", Categorical, "1", "p-value of vanished_categories: of the surest one, Bonferroni's over all", pOf(vanishedCategoriesOf)),
		feature("distinct", Categorical, "values", "number of different values; its effect is the difference to as many rows of the baseline", distinctOf),
		feature("distinct_p", Categorical, "1", "p-value of distinct against the baseline", pOf(distinctOf)),
		feature("category_share", Categorical, "share", "share of one category among the values", categoryShareOf),

		// A feature by itself; Effect compares with the baseline where there is one.
		guard(feature("samples", AnyKind, "rows", "number of values in the window", samplesOf)),
		feature("mean", Numeric, "1", "mean of the values", meanOf),
		feature("mean_length", Text, "characters", "mean length of a text", meanOf),
		feature("min", Numeric, "1", "smallest value", minOf),
		feature("max", Numeric, "1", "largest value", maxOf),
		feature("p50", Numeric, "1", "median, with its order-statistic interval", quantileOf(0.50)),
		feature("p95", Numeric, "1", "95th percentile", quantileOf(0.95)),
		feature("p99", Numeric, "1", "99th percentile", quantileOf(0.99)),

		// What a model is asked, as a whole.
		model("vanished_features", "features", "number of inputs that the baseline has and the window has no value of, surely at 95 %; the note names them", featuresOf(true)),
		model("vanished_features_p", "1", "p-value of vanished_features: of the surest one, Bonferroni's over all", pOf(featuresOf(true))),
		model("new_features", "features", "number of inputs with values that the baseline has none of, surely at 95 %; the note names them", featuresOf(false)),
		model("new_features_p", "1", "p-value of new_features: of the surest one, Bonferroni's over all", pOf(featuresOf(false))),
		model("duplicate_rows", "share", "share of records that equal another one of the window in all features", duplicateRowsOf),
		model("duplicate_rows_p", "1", "chance of so many duplicate_rows in as many records of the baseline", pOf(duplicateRowsOf)),

		// Whole rows, where the manifest says multivariate: true.
		ofRows("rows_mmd", "1", "mmd of whole rows: the numeric inputs of a record, standardised, as one vector", mmdOf),
		ofRows("rows_mmd_p", "1", "p-value of rows_mmd", pOf(mmdOf)),
		ofRows("reconstruction_error", "sd", "mean distance of a row to the principal components of the baseline", meanOf),
		ofRows("reconstruction_error_p", "1", "p-value of reconstruction_error against the baseline", pOf(meanOf)),

		// What a model answers.
		model("null_answer_share", "share", "share of answers with neither prediction nor score", nullAnswersOf),
		model("positive_share", "share", "share of the positive class among the predictions", onFeature(profiles.Prediction, categoryShareOf)),
		model("mean_score", "1", "mean score", onFeature(profiles.Score, meanOf)),
		model("mean_confidence", "1", "mean confidence: the highest class score", onFeature(profiles.Confidence, meanOf)),

		// How it answers.
		guard(model("volume", "records", "number of records in the window", volumeOf)),
		model("throughput", "1/s", "records per second of the window", throughputOf),
		model("error_share", "share", "share of answers whose status is an error", errorsOf),
		model("latency_p50", "ms", "median of latency_ms", onFeature(runtimeFact("latency_ms"), quantileOf(0.50))),
		model("latency_p95", "ms", "95th percentile of latency_ms", onFeature(runtimeFact("latency_ms"), quantileOf(0.95))),
		model("latency_p99", "ms", "99th percentile of latency_ms", onFeature(runtimeFact("latency_ms"), quantileOf(0.99))),
		model("memory", "MB", "largest memory_mb reported", onFeature(runtimeFact("memory_mb"), maxOf)),
		model("cpu", "ms", "mean cpu_ms per answer", onFeature(runtimeFact("cpu_ms"), meanOf)),
	}
}

func drift(name string, kind Kind, unit, doc string, run func(Input) outcome) Test {
	return Test{Name: name, Scope: FeatureScope, Kind: kind, Baseline: true, Unit: unit, Doc: doc, run: run}
}

func feature(name string, kind Kind, unit, doc string, run func(Input) outcome) Test {
	return Test{Name: name, Scope: FeatureScope, Kind: kind, Unit: unit, Doc: doc, run: run}
}

func model(name, unit, doc string, run func(Input) outcome) Test {
	return Test{Name: name, Scope: ModelScope, Unit: unit, Doc: doc, run: run}
}

func ofRows(name, unit, doc string, run func(Input) outcome) Test {
	t := model(name, unit, doc, onRows(run))
	t.Rows = true
	return t
}

func guard(t Test) Test {
	t.Guard = true
	return t
}

func runtimeFact(name string) profiles.Key { return profiles.Key{Role: profiles.Runtime, Name: name} }

// onFeature runs a test of one feature of the profiles.
func onFeature(key profiles.Key, run func(Input) outcome) func(Input) outcome {
	return func(in Input) outcome {
		in.Baseline, in.Current = find(in.BaselineProfile, key), find(in.CurrentProfile, key)
		switch {
		case in.CurrentProfile == nil || in.CurrentProfile.Answers() == 0:
			return noOutcome("no answers in the window")
		case in.Current == nil || in.Current.N == 0:
			return noOutcome("no answer in the window reports %s", key.Name)
		}
		return run(in)
	}
}

func find(p *profiles.Profile, key profiles.Key) *profiles.Feature {
	if p == nil {
		return nil
	}
	return p.Feature(key)
}

// pOf, lowerOf and effectOf make another number of a test its value.

func pOf(run func(Input) outcome) func(Input) outcome {
	value := part(run, "p-value", func(r Result) *float64 { return r.P })
	return func(in Input) outcome {
		out := value(in)
		out.isP = true
		return out
	}
}

func lowerOf(run func(Input) outcome) func(Input) outcome {
	return part(run, "lower bound", func(r Result) *float64 { return r.Lower })
}

func effectOf(run func(Input) outcome) func(Input) outcome {
	return part(run, "effect", func(r Result) *float64 { return r.Effect })
}

func part(run func(Input) outcome, name string, of func(Result) *float64) func(Input) outcome {
	return func(in Input) outcome {
		out := run(in)
		value := of(out.Result)
		if value == nil && out.Reason == "" {
			out.Reason = "no " + name + ": no baseline"
			if out.M > 0 {
				out.Reason = "no " + name + ": too few rows"
			}
		}
		out.Value, out.Lower, out.Upper = value, nil, nil
		return out
	}
}
