"""Runs queries in ClickHouse. In: JSON with "queries" (name to statement). Out: name to rows, as JSON."""

import json
import sys

import chdb

answers = {}
for name, query in json.load(sys.stdin)["queries"].items():
    lines = str(chdb.query(query, "JSONEachRow")).splitlines()
    answers[name] = [json.loads(line) for line in lines if line]
json.dump(answers, sys.stdout)
