"""Runs queries in DuckDB. In: JSON with "views" (statements to begin with) and "queries" (name to statement). Out: name to rows, as JSON."""

import decimal
import json
import sys

import duckdb


def plain(value):
    return float(value) if isinstance(value, decimal.Decimal) else value


wanted = json.load(sys.stdin)
database = duckdb.connect()
for views in wanted["views"]:
    database.execute(views)
answers = {}
for name, query in wanted["queries"].items():
    try:
        found = database.execute(query)
    except duckdb.Error as error:
        sys.exit(f"{name}: {error}")
    columns = [column[0] for column in found.description]
    answers[name] = [dict(zip(columns, map(plain, row))) for row in found.fetchall()]
json.dump(answers, sys.stdout, default=str)
