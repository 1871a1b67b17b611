//! The contract `holdup.report/1`, for programs.
//!
//! Fields stand in the order of [`Report`]; numbers have at most nine significant digits; a number that is not known (NaN or
//! infinite) is `null`, never an invalid token. Characters a terminal obeys are written as `\uXXXX`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::{Format, Look, Report};
use crate::row::is_unsafe;

/// Pretty JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Format for Json {
    fn print(&self, report: &Report, _look: &Look) -> String {
        print(report)
    }
}

/// `value`, whose keys are all strings, by the rules of the contract.
pub fn print(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Careful::default());
    // Writing to memory cannot fail, nor can keys that are strings.
    if value.serialize(&mut serializer).is_err() {
        out.clear();
    }
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}

/// [`PrettyFormatter`] that rounds numbers and writes out what a terminal obeys.
#[derive(Default)]
struct Careful(PrettyFormatter<'static>);

impl Formatter for Careful {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // Nine digits: more than any measurement here has, fewer than summing in another order could change.
        let rounded: f64 = format!("{value:.8e}").parse().unwrap_or(value);
        self.0.write_f64(writer, rounded + 0.0)
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0_u16; 2];
        let mut utf8 = [0_u8; 4];
        for character in fragment.chars() {
            if is_unsafe(character) {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(character.encode_utf8(&mut utf8).as_bytes())?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    fn print(report: &Report) -> String {
        Json.print(report, &Look::default())
    }

    #[test]
    fn the_contract() {
        insta::assert_snapshot!(print(&example::goldsky()), @r##"
{
  "schema": "holdup.report/1",
  "window_s": 30.0,
  "target": {
    "command": "python3 backfill.py --workers 64",
    "pids": [
      4242
    ],
    "language": "python",
    "host": "ingest-3",
    "kernel": "6.18.44",
    "cpus": 2
  },
  "workers": {
    "count": 64,
    "unit": "thread",
    "unseen": 0,
    "helpers": 3,
    "idle": 0
  },
  "items": {
    "count": 127,
    "rate_per_s": 4.24,
    "rate_interval": [
      4.1,
      4.4
    ],
    "unit": "insert to 127.0.0.1:8123 after fetch from 127.0.0.1:8080",
    "regularity": 0.97,
    "total": 100000,
    "done": 12000,
    "eta_s": 20754.0
  },
  "checkpoint": {
    "path": "/data/state.json",
    "writes": 127,
    "mean_ms": 3.4
  },
  "stages": [
    {
      "stage": "fetch",
      "mean_ms": 205.0,
      "plus_minus_ms": 0.0,
      "service_ms": 205.0,
      "queue_ms": 0.0,
      "share": 0.0136,
      "resources": [
        {
          "kind": "peer",
          "name": "127.0.0.1:8080",
          "mean_ms": 205.0,
          "visits": 1.0
        }
      ]
    },
    {
      "stage": "transform",
      "mean_ms": 0.08,
      "plus_minus_ms": 0.02,
      "service_ms": 0.08,
      "queue_ms": 0.0,
      "share": 5e-6,
      "resources": [
        {
          "kind": "cpu",
          "name": "",
          "mean_ms": 0.08,
          "visits": 1.0
        }
      ]
    },
    {
      "stage": "write",
      "mean_ms": 14889.0,
      "plus_minus_ms": 0.0,
      "service_ms": 236.0,
      "queue_ms": 14653.0,
      "share": 0.9864,
      "resources": [
        {
          "kind": "peer",
          "name": "127.0.0.1:8123",
          "mean_ms": 14889.0,
          "visits": 1.0
        }
      ]
    }
  ],
  "item_mean_ms": 15094.08,
  "parallelism": {
    "single_rate_per_s": 2.27,
    "theoretical_rate_per_s": 145.1,
    "actual_rate_per_s": 4.24,
    "serialization_factor": 34.2,
    "interval": [
      31.0,
      37.0
    ],
    "proved": 0.97,
    "single_rate_source": "modelled",
    "effective_workers": 1.87,
    "karp_flatt": 0.527
  },
  "verdict": {
    "severity": "critical",
    "cause": "remote-serial",
    "stage": "write",
    "culprit": {
      "kind": "peer",
      "name": "127.0.0.1:8123",
      "address": "127.0.0.1:8123",
      "process": "clickhouse",
      "capacity": 1.0,
      "rate_per_s": 4.24,
      "service_ms": 236.0
    },
    "share_of_lost_time": 0.98,
    "confidence": 0.6,
    "confidence_level": "fair",
    "confidence_reason": "from outside it may also be rate-limit",
    "alternatives": [
      "rate-limit"
    ],
    "sentence": "64 workers do the work of 1.9 (SF 31 to 37): inserts to 127.0.0.1:8123 are served one at a time, 4.2 a second however many wait; batch them: 4.2 to 38..140 a second"
  },
  "causes": [
    {
      "cause": "remote-serial",
      "share": 0.98,
      "gain_alone": 34.2,
      "culprit": {
        "kind": "peer",
        "name": "127.0.0.1:8123",
        "address": "127.0.0.1:8123",
        "process": "clickhouse",
        "capacity": 1.0,
        "rate_per_s": 4.24,
        "service_ms": 236.0
      },
      "evidence": [
        "Responses grow with the number in flight: elasticity 1.31 over 120 exchanges.",
        "An exchange that met nobody took 236 ms; replies come 236 ms apart, none closer than 221 ms.",
        "Replies come in the order of arrival."
      ],
      "refuted_by": []
    },
    {
      "cause": "cpu",
      "share": 0.002,
      "gain_alone": 1.0,
      "culprit": {
        "kind": "cpu",
        "name": "2 CPUs"
      },
      "evidence": [
        "0.2% of worker time was spent in the run queue."
      ],
      "refuted_by": [
        "the CPUs were 4% busy"
      ]
    }
  ],
  "refuted": [
    {
      "cause": "starved",
      "culprit": {
        "kind": "queue",
        "name": "a queue (lock taken in next_page)"
      },
      "by": [
        "Only 4% of the waits were ended by a producer."
      ]
    }
  ],
  "blame": [
    {
      "waiter": "62 of 64 workers",
      "resource": "127.0.0.1:8123",
      "holder": "clickhouse (pid 977)",
      "ns": 1861000000000,
      "chain": [
        "62 of 64 workers wait for a reply of 127.0.0.1:8123",
        "which serves one insert at a time (clickhouse, pid 977)"
      ]
    }
  ],
  "statements": [
    {
      "peer": "127.0.0.1:8123",
      "statements": [
        {
          "statement": "INSERT INTO events (id, at) VALUES (?)",
          "count": 127,
          "mean_ms": 14889.0,
          "service_ms": 236.0,
          "share_of_waiting": 1.0
        }
      ]
    }
  ],
  "cpu_time": [
    {
      "program": "python3.11",
      "is_peer": false,
      "cpus": 0.31,
      "samples": 455,
      "functions": [
        {
          "function": "encode (backfill.py:40)",
          "share": 0.62
        }
      ]
    }
  ],
  "fix": {
    "title": "Send the rows in batches",
    "why": "The peer spends 236 ms on each insert, one at a time; a batch pays that once.",
    "before": "for row in rows:\n    client.insert(table, [row])",
    "after": "for batch in chunked(rows, 100):\n    client.insert(table, batch)  # 127.0.0.1:8123",
    "language": "python"
  },
  "prediction": {
    "method": "bound",
    "rate_per_s": 38.0,
    "speedup": 9.0,
    "interval": [
      4.24,
      145.1
    ],
    "model_error": 0.0,
    "best_worker_count": 2,
    "next_bottleneck": "the fetch, 205 ms each with 64 workers"
  },
  "unexplained_share": 0.02,
  "coverage": {
    "events": 48211,
    "lost": 0,
    "lost_by_cause": {},
    "unmatched_wakeups": 2,
    "self_cpu_share": 0.008,
    "unknown_time_share": 0.0,
    "kernel_difference": 0.002,
    "conservation_error_ns": 0,
    "multiplexed_share": 0.0,
    "notes": [
      "all targets have ended after 30.0 s"
    ]
  }
}
"##);
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_report() {
        let report = example::goldsky();
        let back: Report = serde_json::from_str(&print(&report)).unwrap();
        assert_eq!(back, report);
    }

    #[test]
    fn numbers_that_are_none_are_null_and_the_rest_is_rounded() {
        let mut report = Report {
            window_s: f64::NAN,
            item_mean_ms: 1.0 / 3.0,
            unexplained_share: -0.0,
            ..Report::default()
        };
        report.items.rate_per_s = f64::INFINITY;
        let value: serde_json::Value = serde_json::from_str(&print(&report)).unwrap();
        assert!(value["window_s"].is_null());
        assert!(value["items"]["rate_per_s"].is_null());
        assert_eq!(value["item_mean_ms"].to_string(), "0.333333333");
        assert_eq!(value["unexplained_share"].to_string(), "0.0");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_comes_back_whole() {
        let mut report = Report::default();
        report.target.command = "a\x1b[31m\u{7f}\u{9b}\u{202e}\u{e0041}ö".to_owned();
        let text = print(&report);
        assert!(!text.replace('\n', "").chars().any(is_unsafe));
        let back: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(back.target.command, report.target.command);
    }
}
