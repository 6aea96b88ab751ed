package profiles

import "unicode/utf8"

// textFacts are derived of texts, beside their length: the number of words, and the share of characters that are digits or not
// ASCII.
var textFacts = [...]string{"words", "digits", "non_ascii"}

// textCounts is what is derived of one text.
type textCounts struct{ runes, words, digits, foreign int32 }

func countText(s string) (c textCounts) {
	c.runes = int32(utf8.RuneCountInString(s))
	inWord := false
	for i := range len(s) {
		b := s[i]
		word := b > ' '
		if word && !inWord {
			c.words++
		}
		inWord = word
		if b-'0' <= 9 {
			c.digits++
		}
		if b >= utf8.RuneSelf && utf8.RuneStart(b) {
			c.foreign++
		}
	}
	return c
}

// fact is one number of a text, by the place of its name in textFacts.
func (c textCounts) fact(i int) float64 {
	if i == 0 || c.runes == 0 {
		return float64(c.words)
	}
	return float64([...]int32{0, c.digits, c.foreign}[i]) / float64(c.runes)
}

// sample is a text with these counts.
func (c textCounts) sample() string {
	b := make([]byte, 0, c.runes+c.foreign)
	letter := func() {
		switch {
		case c.foreign > 0:
			b, c.foreign = append(b, "é"...), c.foreign-1
		case c.digits > 0:
			b, c.digits = append(b, '1'), c.digits-1
		default:
			b = append(b, 'x')
		}
		c.runes--
	}
	for ; c.words > 1 && c.runes > 1; c.words-- {
		letter()
		b = append(b, ' ')
		c.runes--
	}
	for c.words > 0 && c.runes > 0 {
		letter()
	}
	for ; c.runes > 0; c.runes-- {
		b = append(b, ' ')
	}
	return string(b)
}

// text folds a text: its length, and what is derived of it.
func (f *Folder) text(pl place, s string, targets []*Profile) {
	if len(pl.slot.facts) == 0 {
		f.number(pl, float64(utf8.RuneCountInString(s)), targets)
		return
	}
	c := countText(s)
	f.number(pl, float64(c.runes), targets)
	for _, d := range pl.slot.facts {
		f.number(f.standard(d.at), c.fact(d.fact), targets)
	}
}

// textFact is the place of a feature derived of a text.
type textFact struct {
	at   int32
	fact int
}
