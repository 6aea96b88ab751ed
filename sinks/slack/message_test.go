package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"plumbline"
	"plumbline/sinks"
	"plumbline/sinks/sinkstest"
)

var now = time.Date(2013, 7, 3, 6, 0, 0, 0, time.UTC)

func ptr(x float64) *float64 { return &x }

func window(d time.Duration) plumbline.Window { return plumbline.Window{From: now.Add(-d), To: now} }

const day = 24 * time.Hour

// drift is an alert as the built-in rule InputDrift raises it.
func drift(feature string, psi float64) plumbline.Alert {
	f := func(test string, value float64) plumbline.Finding {
		return plumbline.Finding{Model: "flights-delay", Version: "1", Feature: feature, Test: test, Window: window(7 * day), Value: &value,
			Effect: ptr(psi - .002), P: ptr(0), SD: ptr(psi * .9), N: 5758, M: 27004}
	}
	samples := f("samples", 5758)
	samples.Effect, samples.P, samples.SD, samples.Guard = nil, nil, nil, true
	p, lower := f("psi_p", 0), f("psi_lower", psi*.95)
	lower.Bins = &plumbline.Bins{
		Labels:   []string{"≤ 24.08", "24.08 – 28.94", "28.94 – 33.08", "33.08 – 37.04", "37.04 – 39.92", "39.92 – 44.06", "44.06 – 50", "50 – 55.94", "55.94 – 62.06", "> 62.06"},
		Baseline: []float64{.104, .099, .101, .098, .1, .102, .097, .1, .099, .1},
		Current:  []float64{0, 0, 0, 0, 0, 0, .01, .04, .11, .84},
	}
	return plumbline.Alert{
		Rule: "9f86d081884c7d65", Group: "plumbline-inputs", Name: "InputDrift", Source: "rules/inputs.yaml:14",
		Expr:   `samples("7d") >= 500 and psi_p("7d") < 1e-6 and psi_lower("7d") > 0.1`,
		Labels: map[string]string{"alertname": "InputDrift", "model": "flights-delay", "version": "1", "feature": feature, "severity": "warning"},
		Annotations: map[string]string{
			"summary":     fmt.Sprintf("%s of flights-delay has drifted from its baseline: PSI at least %.2f on 5.758k records", feature, psi*.95),
			"description": "See which values moved with `plumbline profile flights-delay " + feature + "`. If the source of the feature changed, repair it there; if the world changed, check the quality on fresh labels and retrain.",
			"runbook_url": "https://runbooks.example.org/drift?a=1&b=2",
		},
		State: plumbline.Firing, ActiveAt: now.Add(-day), FiredAt: now, LastTrue: now,
		Findings: []plumbline.Finding{samples, p, lower}, BaselineID: "sha256:0a1b2c3d4e5f", Trigger: "retrain-flights",
	}
}

func missing() plumbline.Alert {
	a := drift("wind_gust", 0)
	a.Name, a.Trigger = "MissingShareRose", ""
	a.Labels["alertname"] = a.Name
	a.Annotations = map[string]string{"summary": "wind_gust of flights-delay is missing in 81.2% of the records", "description": "Values that used to be there do not arrive."}
	a.Findings = []plumbline.Finding{
		{Test: "volume", Window: window(day), Value: ptr(812), N: 812, Guard: true},
		{Feature: "wind_gust", Test: "missing", Window: window(day), Value: ptr(.8116), Lower: ptr(.783), Upper: ptr(.837), Effect: ptr(.791), SD: ptr(1.9), P: ptr(0), N: 812, M: 27004},
		{Feature: "wind_gust", Test: "missing", Window: window(30 * day), Value: ptr(.0312), Lower: ptr(.029), Upper: ptr(.033), Effect: ptr(.0106), SD: ptr(.07), P: ptr(3e-5), N: 24310, M: 27004},
		{Feature: "wind_gust", Test: "missing_p", Window: window(day), Value: ptr(0), P: ptr(0), N: 812, M: 27004},
	}
	return a
}

func note(edge plumbline.Edge, alerts ...plumbline.Alert) sinks.Notification {
	return sinks.Notification{Key: "pl_5d41402abc4b2a76b9719d911017c592", Receiver: "ml/slack", Edge: edge, At: now, Alerts: alerts, ExternalURL: "http://127.0.0.1:9188"}
}

// cases are the messages that golden files show.
func cases() map[string]sinks.Notification {
	var eight []plumbline.Alert
	for i, f := range []string{"temp", "dewp", "humid", "wind_speed", "pressure", "visib", "carrier", "dest"} {
		eight = append(eight, drift(f, 0.2+0.45*float64(i%5)))
	}
	carrier := drift("carrier", 0.31)
	carrier.Findings[2].Bins = &plumbline.Bins{Labels: []string{"UA", "B6", "EV", "DL", "AA", "<unseen>"},
		Baseline: []float64{.18, .16, .15, .14, .1, 0}, Current: []float64{.42, .16, .02, .13, .02, .005}}
	over := drift("temp", 3.84)
	over.State, over.ResolvedAt = plumbline.Inactive, now.Add(30*time.Hour)
	over.Findings = over.Findings[1:]
	over.Findings[0] = plumbline.Finding{Feature: "temp", Test: "psi", Window: plumbline.Window{From: now.Add(30*time.Hour - 7*day), To: now.Add(30 * time.Hour)}, Value: ptr(.061),
		Lower: ptr(.052), Upper: ptr(.071), P: ptr(0), SD: ptr(.24), N: 5811, M: 27004}
	over.Findings = over.Findings[:1]
	silent := drift("temp", 3.84)
	silent.Name, silent.Labels["alertname"], silent.AutoBase = "ScoreDrift", "ScoreDrift", true
	silent.Annotations = map[string]string{"summary": "The scores of flights-delay can't be judged"}
	delete(silent.Labels, "feature")
	silent.Reason = "psi: no data: no rows in the window"
	silent.Findings = []plumbline.Finding{
		{Feature: "score", Test: "psi", Window: window(7 * day), Reason: "no rows in the window", Note: "12 records of the window were counted before its baseline was there; the baseline was made from the first records seen, not from training data"},
		{Test: "accuracy", Window: plumbline.Window{From: now.Add(-9 * day), To: now.Add(-2 * day)}, Value: ptr(.713), Lower: ptr(.69), Upper: ptr(.735), Effect: ptr(-.04), N: 1540, M: 9000},
		{Test: "latency_p95", Window: window(time.Hour), Value: ptr(84.2), Effect: ptr(51), N: 240, M: 27004},
	}
	counted := drift("", 0)
	delete(counted.Labels, "feature")
	counted.Name, counted.Expr, counted.Annotations = "Drift", `drifted("1d") > 0`, map[string]string{"summary": "What flights-delay is asked, or answers, was not like its baseline for a day"}
	picture := counted.Findings[2].Bins
	counted.Findings = []plumbline.Finding{
		{Test: "drifted", Window: window(day), Value: ptr(1), N: 812, M: 27004, Note: "by chance expected about once in 12 years; 24 features judged by 60 tests at level 0.00018 each, for 1 per 90d false alarms"},
		{Feature: "temp", Test: "ad", Window: window(day), Value: ptr(130.4), P: ptr(2e-7), SD: ptr(.89), N: 812, M: 27004, Verdict: plumbline.Drift, Bins: picture, Note: "moved against the baseline and the window before"},
		{Feature: "dewp", Test: "auc", Window: window(day), Value: ptr(.61), P: ptr(.0009), SD: ptr(.4), N: 812, M: 27004, Verdict: plumbline.NoDrift},
		{Feature: "carrier", Test: "psi", Window: window(day), Value: ptr(.06), P: ptr(.002), SD: ptr(.25), N: 812, M: 27004, Verdict: plumbline.NoDrift},
	}
	dry := note(plumbline.EdgeFiring, carrier)
	dry.DryRun = true
	again := note(plumbline.EdgeRepeat, missing())
	again.At = now.Add(3 * day)
	return map[string]sinks.Notification{
		"firing": note(plumbline.EdgeFiring, drift("temp", 3.84)), "eight": note(plumbline.EdgeFiring, eight...), "resolved": note(plumbline.EdgeResolved, over),
		"counted": note(plumbline.EdgeFiring, counted), "dryrun": dry, "novalue": note(plumbline.EdgeFiring, silent), "repeat": again,
	}
}

func TestGolden(t *testing.T) {
	for name, n := range cases() {
		t.Run(name, func(t *testing.T) {
			m := NewMessage(n)
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(map[string]any{"text": m.Text, "blocks": m.Blocks}); err != nil {
				t.Fatal(err)
			}
			sinkstest.Golden(t, name+".json", b.Bytes())
			b.Reset()
			if err := m.Print(&b, 100, false); err != nil {
				t.Fatal(err)
			}
			sinkstest.Golden(t, name+".txt", b.Bytes())
			checkBlocks(t, m)
		})
	}
}

// checkBlocks holds a message against Slack's documented limits, and the undocumented one of a whole message (bolt-js issue 2509:
// msg_blocks_too_long near 13,200 characters).
func checkBlocks(t *testing.T, m Message) {
	t.Helper()
	if len(m.Blocks) > 50 {
		t.Errorf("%d blocks", len(m.Blocks))
	}
	if m.Text == "" {
		t.Error("no text for notifications")
	}
	total := 0
	length := func(what, s string, most int) {
		t.Helper()
		n := utf8.RuneCountInString(s)
		total += n
		if n == 0 || n > most {
			t.Errorf("%s has %d characters, want 1 to %d", what, n, most)
		}
		if !utf8.ValidString(s) {
			t.Errorf("%s is not UTF-8", what)
		}
	}
	mrkdwn := func(what string, text *slack.TextBlockObject) {
		t.Helper()
		length(what, text.Text, 3000)
		if text.Type != slack.MarkdownType || !text.Verbatim {
			t.Errorf("%s: Slack would look for names to link in it", what)
		}
		if strings.Count(text.Text, "```")%2 != 0 {
			t.Errorf("%s: a block of code without an end", what)
		}
	}
	for i, block := range m.Blocks {
		switch block := block.(type) {
		case *slack.HeaderBlock:
			length("header", block.Text.Text, 150)
			if block.Text.Type != slack.PlainTextType {
				t.Error("a header is plain text")
			}
		case *slack.SectionBlock:
			mrkdwn(fmt.Sprint("section ", i), block.Text)
		case *slack.ContextBlock:
			for _, e := range block.ContextElements.Elements {
				mrkdwn("context", e.(*slack.TextBlockObject))
			}
		default:
			t.Errorf("block %d is a %T", i, block)
		}
	}
	if total >= 13000 {
		t.Errorf("the message has %d characters", total)
	}
}

// hostile is an alert whose every text was chosen by somebody who wants to be heard.
func hostile(s string) plumbline.Alert {
	a := drift(s, 3)
	a.Name, a.Source, a.Expr, a.Reason, a.Trigger, a.BaselineID = s, s, s, s, s, s
	a.Labels = map[string]string{"model": s, "feature": s, "slice": s, "version": s, "severity": s}
	a.Annotations = map[string]string{"summary": s, "description": s, "runbook_url": "https://example.org/" + s, "dashboard": s}
	for i := range a.Findings {
		a.Findings[i].Feature, a.Findings[i].Test, a.Findings[i].Note = s, s, s
		a.Findings[i].Bins = &plumbline.Bins{Labels: []string{s, "b"}, Baseline: []float64{.5, .5}, Current: []float64{1, 0}}
	}
	a.Findings = append(a.Findings, plumbline.Finding{Test: s, Feature: s, Reason: s})
	return a
}

func TestDataCannotSpeakSlack(t *testing.T) {
	for _, s := range []string{"<!channel>", "<!here|x>", "<@U024BE7LH>", "<#C024BE7LR>", "<!subteam^SAZ94GDB8>", "<https://example.org|click>", "a|b>c<d", "&lt;!channel&gt;"} {
		for _, edge := range []plumbline.Edge{plumbline.EdgeFiring, plumbline.EdgeResolved, plumbline.EdgeRepeat} {
			m := NewMessage(note(edge, hostile(s), hostile(s), hostile(s), hostile(s), hostile(s), hostile(s)))
			checkBlocks(t, m)
			texts := []string{m.Text}
			for _, block := range m.Blocks[1:] { // the header is plain text, in which nothing has a meaning
				switch block := block.(type) {
				case *slack.SectionBlock:
					texts = append(texts, block.Text.Text)
				case *slack.ContextBlock:
					texts = append(texts, block.ContextElements.Elements[0].(*slack.TextBlockObject).Text)
				}
			}
			for _, text := range texts {
				ours := strings.NewReplacer("|Runbook>", "", "|Dashboard>", "", "|plumbline>", "", "<http", "").Replace(text)
				if strings.ContainsAny(ours, "<>") {
					t.Errorf("%q is spoken in %q", s, text)
				}
				if strings.Contains(strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(text), "&") {
					t.Errorf("a bare & of %q in %q", s, text)
				}
			}
		}
	}
}

func TestLimits(t *testing.T) {
	for _, s := range []string{strings.Repeat("x", 5000), strings.Repeat("<", 5000), strings.Repeat("日本語 ", 2000), strings.Repeat("```\n", 2000), strings.Repeat("*", 100), "\x1b]0;owned\a", ""} {
		for _, k := range []int{1, 2, 5, 6, 200} {
			var alerts []plumbline.Alert
			for range k {
				alerts = append(alerts, hostile(s))
			}
			m := NewMessage(note(plumbline.EdgeFiring, alerts...))
			checkBlocks(t, m)
			var b strings.Builder
			if err := m.Print(&b, 80, false); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(b.String(), "\x1b\a") {
				t.Errorf("data reached the terminal's controls: %q", b.String())
			}
			for line := range strings.SplitSeq(b.String(), "\n") {
				if n := utf8.RuneCountInString(line); n > 80 {
					t.Errorf("a line of %d characters: %s", n, line)
				}
			}
		}
	}
	if m := NewMessage(sinks.Notification{}); m.Text == "" {
		t.Error("a notification without alerts says nothing")
	}
}

func TestFigures(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 5758: "5,758", -1234567: "-1,234,567", 3.8412: "3.841", 1043.2: "1,043", 0.000123456: "0.000123", 999999.5: "1,000,000", 1e300: "1e+300"} {
		if got := Figure(x); got != want {
			t.Errorf("Figure(%v) = %s, want %s", x, got, want)
		}
	}
	for x, want := range map[float64]string{0: "0 %", 1: "100 %", .14: "14 %", .8116: "81.2 %", .00001: "< 0.01 %", .9999: "99.99 %", .0042: "0.42 %", -.04: "-4 %"} {
		if got := percent(x); got != want {
			t.Errorf("percent(%v) = %s, want %s", x, got, want)
		}
	}
	for d, want := range map[time.Duration]string{7 * day: "7d", day: "1d", 36 * time.Hour: "36h", 50 * time.Hour: "2d2h", 90 * time.Minute: "90m", 15 * time.Second: "15s", 0: "0s"} {
		if got := Span(d); got != want {
			t.Errorf("Span(%d) = %s, want %s", d, got, want)
		}
	}
}

// Readings of one feature and window are one line with the records at its end; guards are told where nothing else was read.
func TestEvidence(t *testing.T) {
	w := window(7 * day)
	f := func(test string, v float64) plumbline.Finding {
		return plumbline.Finding{Feature: "temp", Test: test, Window: w, Value: &v, N: 100, M: 900}
	}
	guard := func(test string, w plumbline.Window, v float64) plumbline.Finding {
		return plumbline.Finding{Test: test, Window: w, Value: &v, N: v, Guard: true}
	}
	for _, c := range []struct {
		name     string
		findings []plumbline.Finding
		want     []string
	}{
		{"one family", []plumbline.Finding{guard("samples", w, 100), f("psi_p", 1e-9), f("psi", .31), f("psi_lower", .22), f("psi", .31)},
			[]string{"last 7d: psi 0.31 (at least 0.22), p < 1e-6, on 100 records against the baseline's 900"}},
		{"two families", []plumbline.Finding{f("ks", .2), f("mean_shift", -1.23456)},
			[]string{"last 7d: ks 0.2; mean_shift -1.23 sd, on 100 records against the baseline's 900"}},
		{"guards of any window", []plumbline.Finding{guard("history", window(30*day), 1), guard("samples", w, 100), f("ks", .2), guard("volume", window(day), 20)},
			[]string{"last 7d: ks 0.2, on 100 records against the baseline's 900"}},
		{"a guard without a value", []plumbline.Finding{{Test: "labelled", Window: window(day), Guard: true, Reason: "no label"}, f("ks", .2)},
			[]string{"last 7d: ks 0.2, on 100 records against the baseline's 900"}},
		{"nothing but guards", []plumbline.Finding{guard("volume", window(day), 3), guard("volume", w, 1200), guard("history", w, .5)},
			[]string{"last 1d: volume 3", "last 7d: volume 1,200; history 50 %"}},
		{"data quality", []plumbline.Finding{{Test: "freshness", Window: w, Value: ptr(3 * 3600.)}, {Test: "duplicate_rows", Window: w, Value: ptr(.18), Effect: ptr(.17), N: 550, M: 2000},
			{Test: "vanished_features", Window: w, Value: ptr(8.), N: 550, M: 2000}},
			[]string{"last 7d: freshness 3h; duplicate_rows 18 %, 1 % in the baseline; vanished_features 8, on 550 records against the baseline's 2,000"}},
		{"sequential", []plumbline.Finding{{Test: "drifting", Window: w, Value: ptr(2.), N: 550}, {Test: "cusum", Window: w, Value: ptr(1.25), N: 550}, {Test: "risk", Window: w, Value: ptr(3.), N: 550}, {Test: "loss_lower", Window: w, Value: ptr(.18), Lower: ptr(.18), N: 550}},
			[]string{"last 7d: 2 features drifting by now; cusum 1.25 times its limit; risk 3 times its limit; loss at least 18 %, on 550 records"}},
		{"a feature behind", []plumbline.Finding{{Feature: "temp", Test: "qt_ewma", Window: w, Value: ptr(1.5), SD: ptr(-.3), N: 550, M: 2000}},
			[]string{"last 7d: qt_ewma 1.5 times its limit, like a shift of 0.3 sd, on 550 records against the baseline's 2,000"}},
		{"features counted", []plumbline.Finding{{Test: "drifting", Window: w, Value: ptr(2.), N: 550}, {Feature: "temp", Test: "qt_ewma", Window: w, Value: ptr(1.5), N: 550, Verdict: plumbline.Drift}, {Feature: "x", Test: "qt_ewma", Window: w, Value: ptr(1.1), N: 550, Verdict: plumbline.Drift}},
			[]string{"last 7d: 2 features drifting by now (temp, x), on 550 records", "last 7d: qt_ewma 1.5 times its limit, on 550 records", "x, last 7d: qt_ewma 1.1 times its limit, on 550 records"}},
		{"of another window", []plumbline.Finding{{Test: "drifted", Window: window(day), Value: ptr(0.), N: 550}, {Feature: "x", Test: "psi", Window: w, Value: ptr(.1), N: 550, Verdict: plumbline.NoDrift}},
			[]string{"last 1d: 0 features drifted, on 550 records", "x, last 7d: psi 0.1, on 550 records"}},
		{"nothing", nil, nil},
		{"another feature", []plumbline.Finding{{Feature: "score", Test: "p99", Window: w, Value: ptr(.5), N: 7}}, []string{"score, last 7d: p99 0.5, on 7 records"}},
		{"no value", []plumbline.Finding{{Feature: "temp", Test: "psi", Window: w, Reason: "12 rows in the window, at least 50 are needed"}},
			[]string{"last 7d: psi has no value: 12 rows in the window, at least 50 are needed"}},
	} {
		got := Evidence(plumbline.Alert{Labels: map[string]string{"feature": "temp"}, Findings: c.findings})
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// Two categories of one feature are two numbers, each with its name.
func TestEvidenceNamesTheCategory(t *testing.T) {
	share := func(category string, value float64) plumbline.Finding {
		return plumbline.Finding{Feature: "carrier", Test: "category_share", Args: []string{category}, Window: window(day), Value: ptr(value), N: 100}
	}
	got := Evidence(plumbline.Alert{Labels: map[string]string{"feature": "carrier"}, Findings: []plumbline.Finding{share("UA", .4), share("AA", .25)}})
	if want := "last 1d: category_share of UA 40 %; category_share of AA 25 %, on 100 records"; len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A note about some of several features says about which.
func TestCaveatsNameTheirFeatures(t *testing.T) {
	f := func(feature, note string) plumbline.Finding {
		return plumbline.Finding{Feature: feature, Test: "psi", Value: ptr(1), Note: note}
	}
	for want, findings := range map[string][]plumbline.Finding{
		"of all | moved":                      {f("", "of all"), f("temp", "moved")},
		"of all | temp, dewp: moved | x: new": {f("", "of all"), f("temp", "moved"), f("dewp", "moved"), f("x", "new"), f("x", "new")},
		"a, b, c, d, e and 2 more: moved":     {f("a", "moved"), f("b", "moved"), f("c", "moved"), f("d", "moved"), f("e", "moved"), f("g", "moved"), f("h", "moved")},
	} {
		if got := strings.Join(Caveats(plumbline.Alert{Findings: findings}), " | "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
