package storetest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/store"
)

func answer(part int32, offset int64, id string, at time.Time) store.Answer {
	return store.Answer{Partition: partition(part), Offset: offset, Model: "delay", Version: "1", ID: id, Time: at, Prediction: "late"}
}

func label(part int32, offset int64, id string, at time.Time, value string) store.Label {
	return store.Label{Partition: partition(part), Offset: offset, Model: "delay", ID: id, Time: at, Value: value}
}

// ids lists id=label of outcomes.
func ids(outcomes []store.Outcome) string {
	var out []string
	for _, o := range outcomes {
		out = append(out, o.ID+"="+o.Label)
	}
	return strings.Join(out, " ")
}

func testAnswerRoundTrip(t *testing.T, s store.Store) {
	var want []store.Outcome
	var answers []store.Answer
	for i, score := range []float64{0, 1, 0.1, -1.5, 1e300, 5e-324, math.Copysign(0, -1), 1 << 53} {
		a := answer(0, int64(i), fmt.Sprintf("id %d", i), t0.Add(time.Duration(i)*time.Microsecond))
		a.Score, a.Session, a.Query = &score, "s", math.MaxUint64-uint64(i)
		a.Slices = []string{"carrier=UA", fmt.Sprintf("origin=%d", i)}
		answers = append(answers, a)
	}
	bare := store.Answer{Partition: partition(0), Offset: 1 << 50, Model: "delay", Version: "1", Time: t0.Add(time.Second), Kind: plumbline.Response}
	answers = append(answers, bare)
	for _, a := range answers {
		want = append(want, store.Outcome{Answer: a})
	}
	flush(t, s, store.Flush{Answers: answers, Checkpoint: checkpoint(0, 10)})
	outcomes := got(s.Outcomes(context.Background(), stream(""), always, always.To))(t)
	equal(t, "outcomes", outcomes, want)
	for i, o := range outcomes {
		if o.Time.Location() != time.UTC {
			t.Errorf("time %v is not in UTC", o.Time)
		}
		if o.Score != nil && math.Float64bits(*o.Score) != math.Float64bits(*want[i].Score) && *want[i].Score != 0 {
			t.Errorf("score %v, want %v", *o.Score, *want[i].Score)
		}
	}
	equal(t, "asks", got(s.Asks(context.Background(), stream(""), always))(t), answers[:8])
}

func testOutcomes(t *testing.T, s store.Store) {
	ctx := context.Background()
	at := func(m int) time.Time { return t0.Add(time.Duration(m) * time.Minute) }
	ask := answer(0, 5, "e", at(5))
	ask.Kind = plumbline.Request
	response := answer(0, 6, "f", at(6))
	response.Kind = plumbline.Response
	shadow := answer(0, 7, "b", at(2))
	shadow.Version = "2"
	other := answer(0, 8, "a", at(1))
	other.Model = "other"
	foreign := label(0, 9, "d", at(60), "foreign")
	foreign.Model = "other"
	nameless := answer(0, 10, "", at(7))

	// Labels of another partition, some before their answers.
	flush(t, s, store.Flush{Labels: []store.Label{
		label(1, 0, "a", at(60), "first"), label(1, 1, "b", at(61), "yes"), label(1, 2, "f", at(62), "yes"), label(1, 3, "e", at(63), "yes"),
	}, Checkpoint: checkpoint(1, 4)})
	flush(t, s, store.Flush{
		Answers: []store.Answer{answer(0, 0, "a", at(1)), answer(0, 1, "b", at(2)), answer(0, 2, "c", at(3)), answer(0, 3, "d", at(4)),
			answer(0, 4, "a", at(10)), ask, response, shadow, other, nameless},
		Labels:     []store.Label{foreign},
		Checkpoint: checkpoint(0, 11),
	})
	f := func(of plumbline.Stream, from, to, asOf int, want string) {
		t.Helper()
		equal(t, "outcomes", ids(got(s.Outcomes(ctx, of, plumbline.Window{From: at(from), To: at(to)}, at(asOf)))(t)), want)
	}
	v2 := plumbline.Stream{Model: "delay", Version: "2"}
	f(stream(""), 0, 100, 100, "a=first b=yes c= d= f=yes = a=first") // duplicates by id stay, requests are no answers
	f(stream(""), 2, 6, 100, "b=yes c= d=")                           // half-open
	f(v2, 0, 100, 100, "b=yes")                                       // one label for two versions
	f(plumbline.Stream{Model: "other", Version: "1"}, 0, 100, 100, "a=")
	f(stream(""), 0, 100, 61, "a=first b= c= d= f= = a=first") // a label at asOf isn't before it
	f(stream(""), 0, 100, 60, "a= b= c= d= f= = a=")

	// A corrected label: the latest time wins, then the highest offset, in whatever order they arrive.
	flush(t, s, store.Flush{Labels: []store.Label{
		label(1, 10, "a", at(70), "third"), label(1, 9, "a", at(70), "second"), label(1, 11, "a", at(65), "between"),
		label(1, 12, "c", at(50), "late"),
	}, Checkpoint: checkpoint(1, 13)})
	f(stream(""), 0, 4, 100, "a=third b=yes c=late")
	f(stream(""), 0, 4, 70, "a=between b=yes c=late")
	f(stream(""), 0, 4, 65, "a=first b=yes c=late")
	outcomes := got(s.Outcomes(ctx, stream(""), plumbline.Window{From: at(1), To: at(2)}, at(100)))(t)
	equal(t, "label", outcomes, []store.Outcome{{Answer: answer(0, 0, "a", at(1)), Label: "third", LabelTime: at(70)}})

	// A label may be empty and still be one; equal times are ordered by partition and offset.
	flush(t, s, store.Flush{Labels: []store.Label{label(1, 20, "d", at(90), "")}, Checkpoint: checkpoint(1, 21)})
	flush(t, s, store.Flush{Answers: []store.Answer{answer(2, 1, "z", at(4)), answer(2, 0, "y", at(4))}, Checkpoint: checkpoint(2, 2)})
	outcomes = got(s.Outcomes(ctx, stream(""), plumbline.Window{From: at(4), To: at(5)}, at(100)))(t)
	equal(t, "order", ids(outcomes), "d= y= z=")
	equal(t, "label time", outcomes[0].LabelTime, at(90))
}

func testOutcomeSlices(t *testing.T, s store.Store) {
	ctx := context.Background()
	var answers []store.Answer
	for i := range 400 {
		a := answer(0, int64(i), fmt.Sprint(i), t0.Add(time.Duration(i)*time.Second))
		a.Session = fmt.Sprintf("%03d", i)
		a.Slices = []string{fmt.Sprintf("n=%d", i), fmt.Sprintf("half=%d", i%2)}
		answers = append(answers, a)
	}
	flush(t, s, store.Flush{Answers: answers, Checkpoint: checkpoint(0, 400)})
	for _, i := range []int{0, 1, 12, 120, 127, 128, 130, 255, 256, 399} {
		o := got(s.Outcomes(ctx, stream(fmt.Sprintf("n=%d", i)), always, always.To))(t)
		equal(t, "outcomes of a slice", o, []store.Outcome{{Answer: answers[i]}})
		equal(t, "asks of a slice", got(s.Asks(ctx, stream(fmt.Sprintf("n=%d", i)), always))(t), answers[i:i+1])
	}
	equal(t, "half", len(got(s.Outcomes(ctx, stream("half=1"), always, always.To))(t)), 200)
	equal(t, "unknown", len(got(s.Outcomes(ctx, stream("half=2"), always, always.To))(t)), 0)
}

func testAsks(t *testing.T, s store.Store) {
	row := func(part int32, offset int64, session string, m int, kind plumbline.Kind) store.Answer {
		a := answer(part, offset, fmt.Sprint(part, offset), t0.Add(time.Duration(m)*time.Minute))
		a.Session, a.Kind, a.Query = session, kind, uint64(offset)
		return a
	}
	a1, a2 := row(0, 0, "anna", 1, plumbline.Whole), row(1, 7, "anna", 5, plumbline.Request)
	a3, a4 := row(0, 3, "anna", 6, plumbline.Response), row(1, 2, "anna", 6, plumbline.Response)
	b1, late := row(0, 4, "bert", 0, plumbline.Whole), row(0, 5, "bert", 10, plumbline.Whole)
	silent := row(0, 6, "", 2, plumbline.Whole)
	other := row(0, 7, "anna", 2, plumbline.Whole)
	other.Version = "2"
	flush(t, s, store.Flush{Answers: []store.Answer{late, b1, a3, a1, silent, other}, Checkpoint: checkpoint(0, 8)})
	flush(t, s, store.Flush{Answers: []store.Answer{a2, a4}, Checkpoint: checkpoint(1, 8)})
	w := plumbline.Window{From: t0, To: t0.Add(10 * time.Minute)}
	equal(t, "asks", got(s.Asks(context.Background(), stream(""), w))(t), []store.Answer{a1, a2, a3, a4, b1})
}

func testSamples(t *testing.T, s store.Store) {
	ctx := context.Background()
	sample := func(part int32, offset int64, m int) store.Sample {
		return store.Sample{Partition: partition(part), Offset: offset, Model: "delay", Version: "1", ID: fmt.Sprint(offset),
			Time: t0.Add(time.Duration(m)*time.Minute + 7*time.Microsecond), Record: []byte(fmt.Sprintf(`{"id":"%d"}`, offset))}
	}
	var want []store.Sample
	for i := range 40 {
		want = append(want, sample(int32(i/2%2), int64(i), i/4)) // four of each minute, by partition, then offset
	}
	other := sample(0, 100, 3)
	other.Version = "2"
	for range 2 {
		for _, from := range []int{0, 10, 15, 5, 20} { // batches that overlap, as after a crash
			for part := range int32(2) {
				f := store.Flush{Samples: []store.Sample{other}, Checkpoint: checkpoint(part, int64(from))}
				for _, x := range want[from:min(from+20, 40)] {
					if x.Partition == partition(part) {
						f.Samples = append(f.Samples, x)
					}
				}
				f.Samples[0].Partition = partition(part)
				flush(t, s, f)
			}
		}
	}
	f := func(from, to, limit int, want []store.Sample) {
		t.Helper()
		w := plumbline.Window{From: t0.Add(time.Duration(from) * time.Minute), To: t0.Add(time.Duration(to) * time.Minute)}
		equal(t, "samples", got(s.Samples(ctx, "delay", "1", w, limit))(t), want)
	}
	f(0, 100, 0, want)
	f(0, 100, 7, want[:7])
	f(0, 100, 1000, want)
	f(2, 5, 0, want[8:20])
	f(2, 5, 5, want[8:13])
	f(50, 100, 0, nil)
	equal(t, "another version", len(got(s.Samples(ctx, "delay", "2", always, 0))(t)), 2)
}

func testBaselines(t *testing.T, s store.Store) {
	ctx := context.Background()
	put := func(version, hash string, day int, auto bool) store.Baseline {
		t.Helper()
		b := store.Baseline{Model: "delay", Version: version, Hash: hash, Created: t0.AddDate(0, 0, day), Auto: auto, Body: []byte("body\x00of " + hash)}
		if err := s.PutBaseline(ctx, b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	current := func(version string, want store.Baseline) {
		t.Helper()
		b, ok, err := s.Baseline(ctx, "delay", version)
		if err != nil || !ok {
			t.Fatalf("baseline of %q: %v, %v", version, ok, err)
		}
		equal(t, "baseline", b, want)
	}
	a := put("1", "aaa", 0, true)
	current("1", a)
	c := put("1", "ccc", 5, false)
	put("1", "bbb", 3, false)
	current("1", c)
	v2 := put("2", "aaa", 1, true)
	current("2", v2)
	current("1", c)
	for range 2 {
		a = put("1", "aaa", 9, false) // the older one is declared again
		current("1", a)
	}
	for _, hash := range []string{"aaa", "bbb", "ccc"} {
		b, ok, err := s.BaselineByHash(ctx, hash)
		if err != nil || !ok {
			t.Fatalf("baseline %q: %v, %v", hash, ok, err)
		}
		equal(t, "body", string(b.Body), "body\x00of "+hash)
		equal(t, "hash", b.Hash, hash)
	}
	if _, ok, err := s.Baseline(ctx, "delay", "3"); ok || err != nil {
		t.Fatalf("unknown version: %v, %v", ok, err)
	}
}

func testExpire(t *testing.T, s store.Store) {
	ctx := context.Background()
	f := store.Flush{Checkpoint: checkpoint(0, 100)}
	for d := range 10 {
		at := t0.AddDate(0, 0, d)
		f.Panes = append(f.Panes, pane(stream(""), 24*time.Hour, at, 0, int64(d), 1, "day"), pane(stream("x=1"), time.Hour, at, 0, int64(d), 1, "hour"))
		f.Answers = append(f.Answers, answer(0, int64(d), fmt.Sprint(d), at))
		f.Labels = append(f.Labels, label(0, int64(50+d), fmt.Sprint(d), at.Add(time.Hour), "yes"))
		f.Samples = append(f.Samples, store.Sample{Partition: partition(0), Offset: int64(d), Model: "delay", Version: "1", ID: fmt.Sprint(d), Time: at, Record: []byte("{}")})
	}
	flush(t, s, f)
	if err := s.PutBaseline(ctx, store.Baseline{Model: "delay", Version: "1", Hash: "old", Created: t0.AddDate(-5, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	n := got(s.Expire(ctx, t0.AddDate(0, 0, 3), t0.AddDate(0, 0, 7)))(t)
	equal(t, "rows that went", n, int64(4*3+7)) // day and hour panes, answers and labels of three days; samples of seven
	equal(t, "panes", window(t, s, stream(""), 24*time.Hour, always), []store.Pane{f.Panes[6], f.Panes[8], f.Panes[10], f.Panes[12], f.Panes[14], f.Panes[16], f.Panes[18]})
	equal(t, "slice", len(window(t, s, stream("x=1"), time.Hour, always)), 7)
	equal(t, "outcomes", ids(got(s.Outcomes(ctx, stream(""), always, always.To))(t)), "3=yes 4=yes 5=yes 6=yes 7=yes 8=yes 9=yes")
	equal(t, "samples", got(s.Samples(ctx, "delay", "1", always, 0))(t), f.Samples[7:])
	equal(t, "again", got(s.Expire(ctx, t0.AddDate(0, 0, 3), t0.AddDate(0, 0, 7)))(t), int64(0))
	// A label that comes long after its answer's sample is gone still finds the answer.
	flush(t, s, store.Flush{Labels: []store.Label{label(0, 70, "3", t0.AddDate(0, 0, 11), "no")}, Checkpoint: checkpoint(0, 101)})
	equal(t, "a late label", ids(got(s.Outcomes(ctx, stream(""), always, always.To))(t)), "3=no 4=yes 5=yes 6=yes 7=yes 8=yes 9=yes")
	// Samples kept longer than panes keep nothing else.
	n = got(s.Expire(ctx, t0.AddDate(0, 0, 8), t0.AddDate(0, 0, 7)))(t)
	equal(t, "rows that went", n, int64(4*5))
	equal(t, "outcomes", ids(got(s.Outcomes(ctx, stream(""), always, always.To))(t)), "8=yes 9=yes")
	equal(t, "samples", got(s.Samples(ctx, "delay", "1", always, 0))(t), f.Samples[7:])
	// Checkpoints and baselines have no age, and a stream without panes is gone.
	equal(t, "checkpoints", len(got(s.Checkpoints(ctx))(t)), 1)
	if _, ok, err := s.BaselineByHash(ctx, "old"); !ok || err != nil {
		t.Fatalf("baseline: %v, %v", ok, err)
	}
	got(s.Expire(ctx, always.To, always.To))(t)
	equal(t, "streams", got(s.Streams(ctx))(t), []store.StreamInfo(nil))
}

func testHostileNames(t *testing.T, s store.Store) {
	ctx := context.Background()
	names := []string{
		`o'clock`, `"quoted"`, "back`tick", `back\slash \' \n`, `'; DROP TABLE panes; --`, "100%_", "?1 $1 {x:String} :a @b", "日本語 🛩 ñ", "n\u0303",
		strings.Repeat("x", 256), strings.Repeat("é", 128), " lead and trail ", "tab\tnewline\n", "NULL", "0", "1e5", "a,b=c", "A", "a",
	}
	f := store.Flush{Checkpoint: checkpoint(0, 1)}
	for i, n := range names {
		of := plumbline.Stream{Model: n, Version: n, Slice: "x=" + n}
		f.Panes = append(f.Panes, pane(of, time.Hour, t0, 0, int64(i), 1, "\x00"+n+"\x00"))
		f.Answers = append(f.Answers, store.Answer{Partition: partition(0), Offset: int64(i), Model: n, Version: n, ID: n + "\x00", Session: n + "\x00s",
			Time: t0, Prediction: n, Slices: []string{"x=" + n}})
		f.Labels = append(f.Labels, store.Label{Partition: partition(0), Offset: int64(100 + i), Model: n, ID: n + "\x00", Time: t0, Value: n})
		f.Samples = append(f.Samples, store.Sample{Partition: partition(0), Offset: int64(i), Model: n, Version: n, ID: n, Time: t0, Record: []byte(n + "\x00\xff")})
	}
	flush(t, s, f)
	equal(t, "streams", len(got(s.Streams(ctx))(t)), len(names))
	for i, n := range names {
		of := f.Panes[i].Key.Stream
		equal(t, "panes", window(t, s, of, time.Hour, always), f.Panes[i:i+1])
		equal(t, "by key", got(s.Panes(ctx, []plumbline.PaneKey{f.Panes[i].Key}))(t), f.Panes[i:i+1])
		equal(t, "outcomes", got(s.Outcomes(ctx, of, always, always.To))(t), []store.Outcome{{Answer: f.Answers[i], Label: n, LabelTime: t0}})
		equal(t, "asks", got(s.Asks(ctx, of, always))(t), f.Answers[i:i+1])
		equal(t, "samples", got(s.Samples(ctx, n, n, always, 0))(t), f.Samples[i:i+1])

		p := plumbline.Partition{Source: n, Topic: n, ID: 1<<31 - 1}
		want := store.Checkpoint{Partition: p, Next: 1, Rejected: map[plumbline.Reason]int64{plumbline.Reason(n): 1}}
		flush(t, s, store.Flush{Checkpoint: want})
		c, ok, err := s.Checkpoint(ctx, p)
		if err != nil || !ok {
			t.Fatalf("checkpoint: %v, %v", ok, err)
		}
		equal(t, "checkpoint", c, want)

		b := store.Baseline{Model: n, Version: n, Hash: n, Created: t0, Body: []byte(n)}
		if err := s.PutBaseline(ctx, b); err != nil {
			t.Fatal(err)
		}
		found, _, err := s.Baseline(ctx, n, n)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "baseline", found, b)
	}
}
