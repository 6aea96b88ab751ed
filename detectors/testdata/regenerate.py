#!/usr/bin/env python3
"""Writes scipy.json and twosample.json: reference values from SciPy and statsmodels for the tests of this folder's parent and of its packages.
pip install scipy==1.17.1 statsmodels==0.15.0"""
import gzip, json, pathlib, warnings
import numpy as np, scipy, statsmodels
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
    (50, [0.05, 0.1, 0.15, 0.19, 0.23, 0.3]), (500, [0.02, 0.04, 0.06, 0.08, 0.1]), (3715, [0.01, 0.02, 0.03, 0.05]), (9000, [0.005, 0.01, 0.016]), (20000, [0.012, 0.02]), (100000, [0.002, 0.004, 0.006])] for d in ds]
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


# Two samples: cells of counts, small raw samples, and the flights log.
from scipy.spatial import distance
from scipy.stats._hypotests import _cdf_cvm_inf
from statsmodels.stats.nonparametric import rank_compare_2indep

warnings.simplefilter("ignore")  # SciPy's table of Anderson-Darling ends at 0.001 and 0.25
two = {"scipy": scipy.__version__, "numpy": np.__version__, "statsmodels": statsmodels.__version__}


def raw(x, y):
    """x is the baseline, y the window."""
    ks, ad, cvm = stats.ks_2samp(x, y), stats.anderson_ksamp([x, y]), stats.cramervonmises_2samp(x, y)
    u, area = stats.mannwhitneyu(y, x, method="asymptotic"), rank_compare_2indep(y, x, use_t=False)
    low, high = area.conf_int(alpha=0.05)
    return {"ks": ks.statistic, "ks_p": ks.pvalue, "ad": ad.statistic, "ad_p": ad.pvalue, "cvm": cvm.statistic, "cvm_p": cvm.pvalue,
            "w1": stats.wasserstein_distance(x, y), "energy": stats.energy_distance(x, y), "u": u.statistic, "u_p": u.pvalue,
            "auc": area.prob1, "auc_lower": low, "auc_upper": high}


def plain(d):
    return {k: float(v) if isinstance(v, (float, np.floating)) else v for k, v in d.items()}


rng = np.random.default_rng(1937)
two["raw"] = []
for name, x, y in [
    ("normal", rng.normal(0, 1, 30), rng.normal(.8, 1, 25)), ("scale", rng.normal(0, 1, 40), rng.normal(0, 2.5, 35)),
    ("ties", rng.poisson(3, 40), rng.poisson(4, 30)), ("heavy", rng.standard_cauchy(30), rng.standard_cauchy(30) + 1),
    ("few", rng.normal(0, 1, 9), rng.normal(1, 1, 7)), ("apart", rng.uniform(0, 1, 22), rng.uniform(2, 3, 24)),
    ("two values", rng.integers(0, 2, 60), np.r_[np.ones(40), np.zeros(15)]), ("unequal", rng.exponential(1, 60), rng.exponential(1.5, 12)),
]:
    x, y = [float(round(v, 6)) for v in x], [float(round(v, 6)) for v in y]
    two["raw"].append({"name": name, "ref": x, "cur": y, **plain(raw(x, y))})

# All pairs of these cells; the cells' numbers are the values.
two["cells"] = []
for ref, cur in [([120, 340, 210, 330], [30, 50, 60, 60]), ([1000] * 10, [90, 110, 95, 105, 100, 120, 80, 99, 101, 100]), ([60, 60], [100, 20]),
                 ([5, 20, 80, 300, 80, 20, 5], [0, 3, 10, 30, 25, 12, 9]), ([900, 40, 0, 60], [80, 0, 7, 13]), ([1, 2, 3, 500, 400, 94], [0, 0, 1, 20, 30, 9])]:
    r, c = np.array(ref), np.array(cur)
    p, q, at = r / r.sum(), c / c.sum(), np.arange(len(r))
    x, y = np.repeat(at, r), np.repeat(at, c)
    values = raw(x, y)
    t, p_t = stats.ttest_ind(y, x, equal_var=False)
    two["cells"].append(plain({"ref": ref, "cur": cur, "hellinger": distance.euclidean(np.sqrt(p), np.sqrt(q)) / 2 ** .5, "tv": distance.cityblock(p, q) / 2,
                               "linf": distance.chebyshev(p, q), "t": t, "t_p": p_t,
                               **{k: values[k] for k in ["ad", "u_p", "auc", "auc_lower", "auc_upper", "w1"]}}))

# A month of the flights log against its baseline; values are left out where they are null.
flights = pathlib.Path(__file__).resolve().parents[2] / "examples" / "flights"


def column(name, feature, month=""):
    with gzip.open(flights / name, "rt") as f:
        rows = [r for r in map(json.loads, f) if r["ts"].startswith(month)]
    values = [r["score"] if feature == "score" else r["features"][feature] for r in rows]
    return np.array([v for v in values if v is not None], float)


two["flights"] = []
for month, feature in [("2013-03", "temp"), ("2013-04", "distance"), ("2013-05", "wind_speed"), ("2013-06", "plane_age"), ("2013-07", "humid"), ("2013-08", "score"), ("2013-03", "sched_dep_minute"),
                       ("2013-04", "hour_departures"), ("2013-05", "seats")]:
    x, y = column("baseline.ndjson.gz", feature), column("inference.ndjson.gz", feature, month)
    two["flights"].append({"month": month, "feature": feature, "m": len(x), "n": len(y), **plain(raw(x, y))})

# Laws.
two["cvm_inf_sf"] = [{"x": x, "want": float(1 - _cdf_cvm_inf(x))} for x in [0.02, 0.05, 0.1, 0.2, 0.46136, 0.74346, 1.16786, 2.0]]
two["cvm_exact"] = [{"ref": x, "cur": y, "want": float(stats.cramervonmises_2samp(x, y, method="exact").pvalue)} for x, y in
                    [([1, 2, 3], [2.5, 4]), ([1, 4, 6, 9, 13], [2, 3, 5, 7, 8, 10]), (list(range(0, 40, 2)), [v + .5 for v in range(10, 50, 2)])]]
two["scholz_stephens"] = [{"x": float(x), "want": float(stats.anderson_ksamp([a, b]).pvalue), "ref": a, "cur": b} for a, b in
                          [([1, 3, 5, 7, 9, 11], [2, 6, 8, 12, 14, 15.]), ([1, 2, 3, 4, 5, 6, 7], [4.5, 5.5, 8, 9, 10.])] for x in [stats.anderson_ksamp([a, b]).statistic]]
two["chi2_isf"] = [{"p": p, "df": df, "want": float(stats.chi2.isf(p, df))} for p, df in [(.05, 3), (.05, 9), (1e-4, 9), (1e-8, 19), (.5, 255), (1e-100, 9)]]
two["f_sf"] = [{"x": x, "a": a, "b": b, "want": float(stats.f.sf(x, a, b))} for x, a, b in [(1.1, 199, 4999), (1.5, 49, 99), (2, 20.5, 1000.25), (.8, 300, 700), (4, 999, 999)]]
two["fisher"] = [{"k": k, "n": n, "l": l, "m": m, "want": float(stats.fisher_exact([[k, n - k], [l, m - l]]).pvalue)} for k, n, l, m in
                 [(6, 1000, 20, 10000), (12, 1000, 20, 10000), (0, 500, 90, 10000), (300, 1000, 2500, 10000), (90, 1000, 500, 10000), (40, 60, 1, 5000)]]

pathlib.Path(__file__).with_name("twosample.json").write_text(json.dumps(two, indent=1) + "\n")
