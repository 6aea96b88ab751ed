#!/usr/bin/env python3
"""Writes scipy.json: reference values from SciPy for the tests of this folder's parent. pip install scipy==1.17.1"""
import json, pathlib
import numpy as np, scipy
from scipy import stats, special
from scipy.spatial.distance import jensenshannon

out = {"scipy": scipy.__version__, "numpy": np.__version__}

out["ncx2_sf"] = [
    {"x": x, "df": df, "nc": nc, "want": float(stats.ncx2.sf(x, df, nc))}
    for df, nc, xs in [
        (1, 0.1, [0.01, 1, 10, 60]), (3, 3.333, [0.5, 6, 20, 80]), (9, 0.5, [2, 16.9, 60]), (9, 40, [20, 49, 100, 200]),
        (9, 400, [300, 409, 500, 900]), (9, 5000, [4500, 5009, 5500]), (49, 1000, [800, 1049, 1400]), (255, 30, [200, 285, 420]),
        (9, 1e5, [99000, 100009, 102000]),
    ] for x in xs
]
out["chi2_sf"] = [{"x": x, "df": df, "want": float(stats.chi2.sf(x, df))} for x, df in [(3.84, 1), (16.9, 9), (100, 9), (800, 9), (300, 255), (1e4, 9999)]]
out["kolmogorov"] = [{"z": z, "want": float(special.kolmogorov(z))} for z in [0.1, 0.3, 0.5, 0.8, 1.0, 1.17, 1.19, 1.36, 1.63, 2.5, 5.0]]
out["kstwo_sf"] = [{"d": d, "n": n, "want": float(stats.kstwo.sf(d, n))} for n, ds in [
    (50, [0.05, 0.1, 0.15, 0.19, 0.23, 0.3]), (500, [0.02, 0.04, 0.06, 0.08, 0.1]), (3715, [0.01, 0.02, 0.03, 0.05]), (100000, [0.002, 0.004, 0.006])] for d in ds]
rng = np.random.default_rng(20130101)
out["ks_2samp"] = []
for n, m, shift in [(50, 50, 0), (50, 77, .5), (100, 250, .2), (300, 4000, .1), (1000, 1000, .2), (900, 9000, .15)]:
    r = stats.ks_2samp(rng.normal(shift, 1, n), rng.normal(0, 1, m), method="exact")
    out["ks_2samp"].append({"n": n, "m": m, "d": float(r.statistic), "want": float(r.pvalue)})

out["tables"] = []
for ref, cur in [([120, 340, 210, 330], [30, 50, 60, 60]), ([1000] * 10, [90, 110, 95, 105, 100, 120, 80, 99, 101, 100]),
                 ([5000, 3000, 1500, 400, 100], [400, 350, 180, 50, 20]), ([60, 60], [100, 20]), ([500, 300, 200], [5000, 3000, 2000]),
                 ([90, 10, 0, 300], [40, 0, 30, 130])]:
    r, c = np.array(ref), np.array(cur)
    x2 = stats.chi2_contingency([r, c], correction=False)
    g = stats.chi2_contingency([r, c], correction=False, lambda_="log-likelihood")
    out["tables"].append({"ref": ref, "cur": cur, "x2": float(x2.statistic), "x2_p": float(x2.pvalue), "g": float(g.statistic), "g_p": float(g.pvalue),
                          "js2": float(jensenshannon(r, c, base=2))})

out["shares"] = []
for k, n, l, m in [(3, 50, 1, 60), (0, 200, 12, 4000), (5, 100, 0, 10000), (40, 400, 300, 5000), (1, 1, 0, 100), (7, 2000, 3, 100000), (2000, 2000, 99990, 100000), (500, 1000, 700, 1500)]:
    ci = stats.binomtest(k, n).proportion_ci(method="wilson")
    pooled = (k + l) / (n + m)
    z = (k / n - l / m) / (pooled * (1 - pooled) * (1 / n + 1 / m)) ** .5
    out["shares"].append({"k": k, "n": n, "l": l, "m": m, "fisher": float(stats.fisher_exact([[k, n - k], [l, m - l]]).pvalue),
                          "z_p": float(2 * stats.norm.sf(abs(z))), "lower": float(ci.low), "upper": float(ci.high)})
out["binom_sf"] = [{"k": k, "n": n, "p": p, "want": float(stats.binom.sf(k - 1, n, p))} for k, n, p in [(1, 10, .1), (5, 100, .01), (30, 1000, .02), (200, 5000, .03), (1, 1, .5), (990, 1000, .99)]]

out["welch"] = []
for m, mu, s, n, nu, t in [(1000, 0, 1, 200, .2, 1), (50, 10, 2, 60, 10.5, 4), (10000, 5, 3, 500, 5.1, 2.5), (100, 0, 1, 100, 3, 1)]:
    out["welch"].append({"ref": [m, mu, s], "cur": [n, nu, t], "want": float(stats.ttest_ind_from_stats(nu, t, n, mu, s, m, equal_var=False).pvalue)})

pathlib.Path(__file__).with_name("scipy.json").write_text(json.dumps(out, indent=1) + "\n")
