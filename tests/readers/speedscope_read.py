"""Validates a file for speedscope against its schema. In: JSON with "schema" (a path) and "file". Out: of each profile the stacks with their sums."""

import collections
import json
import sys

import fastjsonschema

wanted = json.load(sys.stdin)
with open(wanted["schema"]) as schema:
    fastjsonschema.compile(json.load(schema))(wanted["file"])
frames = [frame["name"] for frame in wanted["file"]["shared"]["frames"]]
profiles = []
for profile in wanted["file"]["profiles"]:
    sums = collections.Counter()
    for stack, weight in zip(profile["samples"], profile["weights"], strict=True):
        sums[";".join(frames[frame] for frame in stack)] += weight
    assert sum(sums.values()) == profile["endValue"] - profile["startValue"]
    profiles.append({"name": profile["name"], "stacks": sums})
json.dump(profiles, sys.stdout)
