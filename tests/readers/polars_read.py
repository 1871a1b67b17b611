"""Sums over a trace by Polars. In: JSON with "trace" (its folder). Out: sums and counts, as JSON."""

import json
import sys

import polars

trace = json.load(sys.stdin)["trace"]


def table(name):
    return polars.scan_parquet(f"{trace}/epoch-*/{name}.parquet")


waits = table("waits").filter(polars.col("reason") == "blocked")
named = table("resources").sort("end_ns").group_by("resource_id").last().select("resource_id", "kind")
kinds = (
    waits.join(named, on="resource_id", how="left")
    .group_by("kind")
    .agg(polars.col("duration_ns").sum().alias("ns"))
    .collect()
)
json.dump(
    {
        "waits": waits.select(polars.len()).collect().item(),
        "duration_ns": waits.select(polars.col("duration_ns").sum()).collect().item(),
        "calls": table("calls").select(polars.col("count").sum()).collect().item(),
        "by_kind": {row["kind"] or "": row["ns"] for row in kinds.to_dicts()},
    },
    sys.stdout,
)
