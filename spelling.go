package plumbline

import "strings"

// SpellsNaN reports whether s is a way to write "not a number": nan with or without a sign, in any case, C's quiet,
// signalling and payload forms, and the forms of old Microsoft runtimes. A decoder leaves such strings alone, because they
// may be categories; whoever knows a feature to be a number asks here.
func SpellsNaN(s string) bool {
	s = strings.ToLower(unsigned(s))
	switch s {
	case "nan", "qnan", "snan":
		return true
	}
	return strings.HasPrefix(s, "nan(") && strings.HasSuffix(s, ")") ||
		strings.HasPrefix(s, "1.#ind") || strings.HasPrefix(s, "1.#qnan") || strings.HasPrefix(s, "1.#snan")
}

// SpellsInf reports whether s is a way to write an infinity: inf or infinity with or without a sign, in any case, and the
// form of old Microsoft runtimes.
func SpellsInf(s string) bool {
	s = strings.ToLower(unsigned(s))
	return s == "inf" || s == "infinity" || strings.HasPrefix(s, "1.#inf")
}

// maxSpelling is longer than any spelling, so that long texts are turned down without being lowered.
const maxSpelling = 32

func unsigned(s string) string {
	if len(s) == 0 || len(s) > maxSpelling {
		return ""
	}
	if s[0] == '-' || s[0] == '+' {
		return s[1:]
	}
	return s
}
