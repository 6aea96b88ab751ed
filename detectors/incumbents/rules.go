package incumbents

// A Rule is one tool's default way to say whether a column drifted, for counting its false alarms.
type Rule struct {
	// Name is the tool, and what of it if there are several rules: "nannyml, window chunks".
	Name    string
	Tool    string
	Version string
	// What says the rule in a line.
	What string
	// Judge compares a window with the reference.
	Judge func(ref, cur Column) Finding
}

// Rules returns the rules for windows of the given number of columns.
func Rules(columns int) []Rule {
	return []Rule{
		{"evidently", "Evidently", EvidentlyVersion, "W1/sd or JS >= 0.1; p < 0.05 for references of up to 1,000 rows",
			func(ref, cur Column) Finding { return Evidently("", ref, cur) }},
		{"evidently psi", "Evidently", EvidentlyVersion, "PSI >= 0.1, a choice of method",
			func(ref, cur Column) Finding { return EvidentlyTest("psi", "", ref, cur) }},
		{"nannyml, window chunks", "NannyML", NannyMLVersion, "JS above mean + 3 sd of the reference's chunks, chunks of the window's size",
			func(ref, cur Column) Finding { return NannyMLWindow("", "jensen_shannon", ref, cur, cur.Rows()) }},
		{"nannyml, ten chunks", "NannyML", NannyMLVersion, "the same with ten chunks of both, its default: an alarm if any chunk alerts",
			func(ref, cur Column) Finding {
				highest, _ := NannyMLSummary(NannyML("", ref, cur))
				return highest
			}},
		{"alibi-detect", "alibi-detect", AlibiDetectVersion, "KS or chi-square, p < 0.05 / columns",
			func(ref, cur Column) Finding { return AlibiDetect("", ref, cur, columns) }},
		{"frouros", "frouros", FrourosVersion, "KS or chi-square, p < 0.05",
			func(ref, cur Column) Finding { return Frouros("", ref, cur) }},
		{"whylogs", "whylogs", WhylogsVersion, "KS at 100 quantiles or chi-square with truncated counts, p < 0.05, without its sketches",
			func(ref, cur Column) Finding { return Whylogs("", ref, cur) }},
	}
}
