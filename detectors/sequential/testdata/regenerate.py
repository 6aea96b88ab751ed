"""Writes river.json: on which values of which streams River's detectors alarm.

    python3 -m venv venv && venv/bin/pip install river==0.26.1
    venv/bin/python regenerate.py

A stream is stored as the recipe of its values, which the test follows too: uniforms from splitmix64, normals as the sum of twelve of
them minus six, in this order, so that both sides get the same doubles.
"""
import importlib.metadata
import json
import pathlib

from river import drift

MASK = (1 << 64) - 1


def uniforms(seed):
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield ((z ^ (z >> 31)) >> 11) * 2.0**-53


def values(stream):
    u = uniforms(stream["seed"])
    for part in stream["parts"]:
        for _ in range(part["n"]):
            if stream["kind"] == "bernoulli":
                yield 1.0 if next(u) < part["mean"] else 0.0
                continue
            z = 0.0
            for _ in range(12):
                z += next(u)
            yield part["mean"] + part["sd"] * (z - 6.0)


def normal(seed, *parts):
    return {"kind": "normal", "seed": seed, "parts": [dict(zip(("n", "mean", "sd"), p)) for p in parts]}


def bernoulli(seed, *parts):
    return {"kind": "bernoulli", "seed": seed, "parts": [dict(zip(("n", "mean"), p)) for p in parts]}


streams = {
    "standard, no change": normal(1, (6000, 0, 1)),
    "standard, +1 sd": normal(2, (1500, 0, 1), (1500, 1, 1)),
    "standard, -0.5 sd": normal(3, (3000, 0, 1), (3000, -0.5, 1)),
    "sd doubles": normal(4, (2000, 0, 1), (2000, 0, 2)),
    "scale 10": normal(5, (3000, 0, 10)),
    "steps": normal(6, *((400, i % 3, 0.3) for i in range(10))),
    "far from zero": normal(7, (1500, 1e6, 1), (1500, 1e6 + 2, 1)),
    "constant, then another": normal(8, (700, 3, 0), (700, 5, 0)),
    "ramp": normal(9, *((100, i * 0.1, 1) for i in range(40))),
    "errors 1 %": bernoulli(11, (8000, 0.01)),
    "errors 10 to 20 %": bernoulli(12, (4000, 0.1), (4000, 0.2)),
    "errors 30 to 15 %": bernoulli(13, (2000, 0.3), (2000, 0.15)),
    "errors 50 to 70 to 20 %": bernoulli(14, (1000, 0.5), (1000, 0.7), (1000, 0.2)),
    "always wrong": bernoulli(15, (300, 1)),
    "never wrong, then": bernoulli(16, (1000, 0), (1000, 0.3)),
}

detectors = {
    "PageHinkley": [{}, {"mode": "up"}, {"mode": "down"}, {"min_instances": 10, "delta": 0.05, "threshold": 8, "alpha": 1.0}],
    "ADWIN": [{}, {"delta": 0.1, "clock": 1}, {"clock": 7, "max_buckets": 3, "min_window_length": 20, "grace_period": 50}],
    "KSWIN": [{"seed": 42}, {"seed": 7, "alpha": 0.0001, "window_size": 200, "stat_size": 50}],
    "DDM": [{}, {"warm_start": 100, "warning_threshold": 1.5, "drift_threshold": 2.5}],
    "EDDM": [{}, {"alpha": 0.8, "beta": 0.75}],
}

runs = []
for name, settings in detectors.items():
    for parameters in settings:
        for stream, recipe in streams.items():
            if name in ("DDM", "EDDM") and recipe["kind"] != "bernoulli":
                continue
            d = getattr(drift, name, None) or getattr(drift.binary, name)
            d = d(**parameters)
            alarms, warnings, trace = [], [], []
            for i, x in enumerate(values(recipe)):
                d.update(x)
                if d.drift_detected:
                    alarms.append(i)
                if getattr(d, "warning_detected", False):
                    warnings.append(i)
                if name == "ADWIN" and i % 997 == 0:
                    trace.append([i, d.width, d.total, d.variance])
                if name == "KSWIN" and i % 97 == 0:
                    trace.append([i, float(d.p_value)])
            run = {"detector": name, "parameters": parameters, "stream": stream, "alarms": alarms}
            if warnings:
                run["warnings"] = {"count": len(warnings), "first": warnings[0], "sum": sum(warnings)}
            if trace:
                run["trace"] = trace
            runs.append(run)

check = {name: sum(values(recipe)) for name, recipe in streams.items()}
lines = [json.dumps(r) for r in runs]
out = '{\n"river": %s,\n"streams": {\n%s\n},\n"sums": %s,\n"runs": [\n%s\n]\n}\n' % (
    json.dumps(importlib.metadata.version("river")),
    ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in streams.items()),
    json.dumps(check),
    ",\n".join(lines),
)
json.loads(out)
pathlib.Path(__file__).with_name("river.json").write_text(out)
print(len(runs), "runs,", sum(len(r["alarms"]) for r in runs), "alarms,", len(out), "bytes")
