#!/usr/bin/env python3
"""Writes flights-quality.csv: how often each value of some features occurs in the baseline and in some windows of the whole flights log,
which is five times as long as the one in examples/. Weather is rounded. Usage: flights_quality.py DIRECTORY-OF-THE-LOG"""
import collections, gzip, json, os, sys

WINDOWS = {  # hours in UTC
    "2013-03": ("2013-03-01T00", "2013-04-01T00"),
    "2013-04-09": ("2013-04-09T00", "2013-04-16T00"),
    "2013-06-11": ("2013-06-11T00", "2013-07-11T00"),
    "2013-08-19": ("2013-08-19T00", "2013-08-26T00"),
    "2013-08-27": ("2013-08-27T12", "2013-09-03T12"),
    "2013-12-23": ("2013-12-23T00", "2013-12-30T00"),
    "2013-12-31": ("2013-12-31T01", "2014-01-01T00"),
}
FEATURES = ["manufacturer", "dest", "near_holiday", "temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"]


def text(feature, v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str):
        return v.replace(",", " ")
    return repr(round(v, 1) if feature == "precip" else 5 * round(v / 5))


def lines(name):
    with gzip.open(os.path.join(sys.argv[1], name), "rt") as f:
        for line in f:
            yield json.loads(line)


counts = collections.Counter()
for r in lines("baseline.ndjson.gz"):
    counts.update(("baseline", f, text(f, r["features"][f])) for f in FEATURES)
for month in ["03", "04", "06", "07", "08", "09", "12"]:
    for r in lines(f"inference-2013-{month}.ndjson.gz"):
        for name, (start, end) in WINDOWS.items():
            if start <= r["ts"] < end:
                counts.update((name, f, text(f, r["features"][f])) for f in FEATURES)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "flights-quality.csv"), "w") as out:
    out.write("window,feature,value,count\n")
    for (window, feature, value), n in sorted(counts.items()):
        out.write(f"{window},{feature},{value},{n}\n")
