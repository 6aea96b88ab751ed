#!/usr/bin/env python3
"""Writes evidently.json and nannyml.json: what the packages themselves say of the flights log, for the tests of this folder's parent; and
scipy.json: the calls that alibi-detect and frouros make of SciPy, on the same data.

Each tool wants an environment of its own; scipy runs in either:

    pip install evidently==0.7.23 'pandas<3'              DO_NOT_TRACK=1 python regenerate.py evidently
    pip install nannyml==0.13.1 statsmodels pandas==2.3.3  NML_DISABLE_USAGE_LOGGING=1 python regenerate.py nannyml
"""
import gzip, json, math, os, pathlib, sys, warnings

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("NML_DISABLE_USAGE_LOGGING", "1")
warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd
import scipy

HERE = pathlib.Path(__file__).parent
FLIGHTS = HERE.parents[2] / "examples" / "flights"


def read(name):
    """The features of a log, its score and prediction, as pandas types them; and the time of each question."""
    rows, times = [], []
    with gzip.open(FLIGHTS / name, "rt") as f:
        for line in f:
            r = json.loads(line)
            rows.append({**r["features"], "score": r["score"], "prediction": r["prediction"]})
            times.append(r["ts"])
    return pd.DataFrame(rows), np.array(times)


baseline, _ = read("baseline.ndjson.gz")
inference, times = read("inference.ndjson.gz")


def between(first, last):
    return inference[(times >= f"2013-{first}") & (times < f"2013-{last}")]


def rows(frame, start, stop, step=1):
    return frame.iloc[start:stop:step]


# Each case is made the same way in the Go test: reference and current by file, months and [start, stop) by step.
CASES = {
    "march": (rows(baseline, 0, None), between("03-01", "04-01")),
    "july": (rows(baseline, 0, None), between("07-01", "08-01")),
    "halves": (rows(baseline, 0, None, 2), rows(baseline, 1, None, 2)),
    "small reference": (rows(baseline, 0, None, 11), between("08-01", "09-01")),
    "small both": (rows(baseline, 0, None, 11), rows(between("05-01", "06-01"), 0, 300)),
    "small reference, large current": (rows(baseline, 0, None, 11), between("03-01", "06-01")),
    "tiny": (rows(baseline, 0, None, 100), rows(between("03-01", "04-01"), 100, 160)),
}


def number(x):
    x = float(x)
    return x if math.isfinite(x) else None


def evidently():
    import evidently
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift
    from evidently.presets import DataDriftPreset

    short = {"Wasserstein distance (normed)": "wasserstein", "Jensen-Shannon distance": "jensenshannon", "K-S p_value": "ks",
             "chi-square p_value": "chisquare", "Z-test p_value": "z"}
    out = {"versions": {"evidently": evidently.__version__, "pandas": pd.__version__, "numpy": np.__version__, "scipy": scipy.__version__}, "cases": []}
    for name, (reference, current) in CASES.items():
        snapshot = Report([DataDriftPreset()], include_tests=True).run(current.reset_index(drop=True), reference.reset_index(drop=True)).dict()
        case = {"name": name, "reference_rows": len(reference), "current_rows": len(current), "default": {}, "tests": {}}
        status = {t["name"]: t["status"] for t in snapshot["tests"]}
        for m in snapshot["metrics"]:
            if "DriftedColumnsCount" in m["metric_name"]:
                case["drifted_columns"], case["share"] = m["value"]["count"], m["value"]["share"]
                continue
            config = m["config"]
            column = config["column"]
            drift = status[f"Value Drift for column {column}"]
            case["default"][column] = {"test": short.get(config["method"], config["method"]), "threshold": config["threshold"],
                                       "value": number(m["value"]), "drift": str(drift).split(".")[-1] == "FAIL"}
        # The other tests, by the package's own functions for single columns, called as its report calls them.
        from evidently.legacy.calculations.stattests import get_stattest
        from evidently.core.datasets import infer_column_type
        for column in reference.columns:
            kind = infer_column_type(current[column])
            for test in ["psi", "kl_div", "hellinger", "jensenshannon", "wasserstein", "ks", "t_test", "mannw"]:
                r = reference[column].replace([-np.inf, np.inf], np.nan).dropna()
                c = current[column].replace([-np.inf, np.inf], np.nan).dropna()
                try:
                    found = get_stattest(r, c, kind, test)(r.copy(), c.copy(), kind, None)
                except ValueError:
                    continue
                if number(found.drift_score) is not None:
                    case["tests"].setdefault(test, {})[column] = {"value": number(found.drift_score), "threshold": found.actual_threshold, "drift": bool(found.drifted)}
        out["cases"].append(case)
    return out


def nannyml():
    import nannyml as nml

    continuous = ["jensen_shannon", "kolmogorov_smirnov", "wasserstein", "hellinger"]
    categorical = ["jensen_shannon", "chi2", "l_infinity", "hellinger"]
    out = {"versions": {"nannyml": nml.__version__, "pandas": pd.__version__, "numpy": np.__version__, "scipy": scipy.__version__}, "cases": []}
    for name in ["march", "july", "halves", "small reference"]:
        reference, current = (f.reset_index(drop=True) for f in CASES[name])
        for chunk_size in [None, 500] if name == "halves" else [None]:
            calc = nml.UnivariateDriftCalculator(column_names=list(reference.columns), continuous_methods=continuous,
                                                 categorical_methods=categorical, chunk_size=chunk_size)
            analysis = current if chunk_size is None else current.iloc[:chunk_size]
            result = calc.fit(reference).calculate(analysis).filter(period="analysis").to_df()
            case = {"name": name, "reference_rows": len(reference), "current_rows": len(analysis), "chunk_size": chunk_size, "methods": {}}
            for column, method in sorted({(c[0], c[1]) for c in result.columns if c[0] != "chunk"}):
                part = result[column][method]
                case["methods"].setdefault(method, {})[column] = {
                    "threshold": None if part["upper_threshold"].isna().all() else number(part["upper_threshold"].iloc[0]),
                    "values": [number(v) for v in part["value"]], "alerts": [None if pd.isna(a) else bool(a) for a in part["alert"]]}
            out["cases"].append(case)
    return out


def calls():
    from scipy import stats

    out = {"versions": {"pandas": pd.__version__, "numpy": np.__version__, "scipy": scipy.__version__}, "cases": []}
    for name in ["march", "halves", "small both", "small reference, large current"]:
        reference, current = CASES[name]
        case = {"name": name, "columns": {}}
        for column in reference.columns:
            r, c = reference[column].dropna(), current[column].dropna()
            if r.dtype in ("int64", "float64"):
                case["columns"][column] = {"default": number(stats.ks_2samp(r, c).pvalue), "asymptotic": number(stats.ks_2samp(r, c, method="asymp").pvalue)}
            else:
                counts = pd.concat([r.value_counts(), c.value_counts()], axis=1).fillna(0).to_numpy().T
                case["columns"][column] = {"default": number(stats.chi2_contingency(counts)[1])}
        out["cases"].append(case)
    return out


for tool in sys.argv[1:]:
    found = {"evidently": evidently, "nannyml": nannyml, "scipy": calls}[tool]()
    body = json.dumps(found, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"').replace('"tests"', '\n"tests"').replace('"default"', '\n"default"').replace('"methods"', '\n"methods"')
    (HERE / f"{tool}.json").write_text(body + "\n")
