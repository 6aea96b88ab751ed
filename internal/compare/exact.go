package compare

import (
	"errors"
	"runtime"
	"slices"
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
		at := slices.IndexFunc(f.found, func(x Finding) bool { return x.Test == t.name })
		if at < 0 {
			at = len(f.found)
			f.found = append(f.found, Finding{Verdict: plumbline.NoVerdict})
		}
		r, of := t.run(ref, cur), f.found[at]
		x := finding(statistic(t.name, r, level), of.Judged)
		if f.dependent {
			x.P, x.Verdict, x.Reason = of.P, of.Verdict, r.Reason
			x.Note = joined("of the raw values; the p-value is not, since rows depend on each other", of.Note)
			if x.Verdict == plumbline.NoVerdict && x.Reason == "" {
				x.Reason = "rows depend on each other"
			}
		} else {
			x.Note = joined("of the raw values", r.Note)
		}
		f.found[at] = x
	}
	f.conclude()
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}
