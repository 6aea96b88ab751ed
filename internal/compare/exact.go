package compare

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"plumbline"
	"plumbline/detectors"
	"plumbline/detectors/exact"
	"plumbline/detectors/incumbents"
)

// exactTests are those that can be computed from raw values; energy only so.
var exactTests = []struct {
	name string
	run  func(ref, cur []float64) detectors.Result
}{
	{"ks", exact.KolmogorovSmirnov}, {"ad", exact.AndersonDarling}, {"cvm", exact.CramerVonMises}, {"w1", exact.Wasserstein},
	{"auc", exact.MannWhitney}, {"energy", exact.Energy},
}

// values compares both files value by value, for --exact and --compat.
func (r *runner) values(out *Report) (err error) {
	if !r.Exact && len(r.Compat) == 0 {
		return nil
	}
	wanted := map[string]bool{}
	for _, f := range out.Features {
		if f.picture.ref != nil {
			wanted[f.Name] = true
		}
	}
	ref, err := openRaw(r.ctx, r.Reference, r.Input, wanted, r.Step)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ref.close()) }()
	cur, err := openRaw(r.ctx, r.Current, r.Input, wanted, r.Step)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cur.close()) }()
	found := make([]map[string][]incumbents.Finding, len(out.Features))
	errs := make([]error, len(out.Features))
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for range min(2, runtime.GOMAXPROCS(0)) { // each holds two whole columns
		wg.Go(func() {
			reader := &pageReader{}
			for i := int(next.Add(1)) - 1; i < len(out.Features); i = int(next.Add(1)) - 1 {
				f := &out.Features[i]
				if wanted[f.Name] && errs[i] == nil {
					errs[i] = r.ctx.Err()
				}
				if !wanted[f.Name] || errs[i] != nil {
					continue
				}
				var a, b *raw
				if a, errs[i] = ref.column(f.Name, reader); errs[i] != nil {
					continue
				}
				if b, errs[i] = cur.column(f.Name, reader); errs[i] != nil {
					continue
				}
				if r.Exact && f.Type == plumbline.TypeNumber {
					f.exact(a.finite(), b.finite(), out.Level)
				}
				found[i] = r.others(f.Name, a, b)
				r.Step("value by value: "+f.Name, done.Add(1), int64(len(wanted)))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, tool := range r.Compat {
		if out.Compat == nil {
			out.Compat = Compat{}
		}
		list := []incumbents.Finding{}
		for _, f := range found {
			list = append(list, f[tool]...)
		}
		out.Compat[tool] = list
	}
	return nil
}

// others is what other tools say of a column.
func (r *runner) others(name string, ref, cur *raw) map[string][]incumbents.Finding {
	out := map[string][]incumbents.Finding{}
	for _, tool := range r.Compat {
		switch tool {
		case "evidently":
			out[tool] = append(out[tool], incumbents.Evidently(name, ref.column(), cur.column()))
		case "nannyml":
			out[tool] = append(out[tool], incumbents.NannyML(name, ref.column(), cur.column())...)
		}
	}
	return out
}

// exact puts statistics of the raw values in the place of those of the cells. Where rows were found to depend on each other the
// p-value stays what was made of that: SciPy's takes rows as independent.
func (f *Feature) exact(ref, cur []float64, level float64) {
	for _, t := range exactTests {
		res := t.run(ref, cur)
		at := -1
		for i := range f.Findings {
			if f.Findings[i].Test == t.name {
				at = i
			}
		}
		if at < 0 {
			f.Findings = append(f.Findings, Finding{Test: t.name})
			at = len(f.Findings) - 1
		}
		x := &f.Findings[at]
		x.Value, x.Effect, x.SD, x.Lower, x.Upper, x.N, x.M, x.Reason = res.Value, res.Effect, res.SD, res.Lower, res.Upper, float64(res.N), float64(res.M), res.Reason
		if f.dependent {
			x.Note = joined("of the raw values; the p-value is not, since rows depend on each other", x.Note)
			if x.Verdict == plumbline.NoVerdict && x.Reason == "" {
				x.Reason = "rows depend on each other"
			}
			continue
		}
		x.P, x.Note, x.Verdict = res.P, joined("of the raw values", res.Note), plumbline.NoVerdict
		switch {
		case res.Value == nil:
		case res.P == nil:
			x.Reason = "it has no p-value to judge it by"
		case *res.P <= level:
			x.Verdict = plumbline.Drift
		default:
			x.Verdict = plumbline.NoDrift
		}
	}
	f.conclude()
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}
