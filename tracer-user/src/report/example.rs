//! Hand-made reports for the tests of the formats.

use std::collections::BTreeMap;

use super::{
    Blame, CauseRow, Checkpoint, Coverage, CpuFunction, CpuTime, Items, Parallelism,
    PeerStatements, Prediction, RefutedRow, Report, Resource, SCHEMA, Stage, StatementRow,
    TargetSummary, Verdict, Workers,
};
use crate::advice::Fix;
use crate::cause::Cause;
use crate::diagnose::{Culprit, CulpritKind, Level};
use crate::scaling::{RateSource, Severity};
use crate::work::StageName;

/// 64 workers before a database that inserts one row at a time.
pub fn goldsky() -> Report {
    let culprit = Culprit {
        kind: CulpritKind::Peer,
        name: "127.0.0.1:8123".to_owned(),
        address: "127.0.0.1:8123".to_owned(),
        process: "clickhouse".to_owned(),
        capacity: 1.0,
        rate_per_s: 4.24,
        service_ms: 236.0,
        ..Culprit::default()
    };
    Report {
        schema: SCHEMA.to_owned(),
        window_s: 30.0,
        target: TargetSummary {
            command: "python3 backfill.py --workers 64".to_owned(),
            pids: vec![4242],
            language: "python".to_owned(),
            host: "ingest-3".to_owned(),
            kernel: "6.18.44".to_owned(),
            cpus: 2,
        },
        recorded: None,
        workers: Workers {
            count: 64,
            unit: "thread".to_owned(),
            threads: 0,
            unseen: 0,
            places: Vec::new(),
            carriers: None,
            helpers: 3,
            idle: 0,
        },
        items: Items {
            count: 127,
            rate_per_s: 4.24,
            rate_interval: Some([4.1, 4.4]),
            unit: "insert to 127.0.0.1:8123 after fetch from 127.0.0.1:8080".to_owned(),
            regularity: 0.97,
            total: Some(100_000),
            done: Some(12_000),
            eta_s: Some(20_754.0),
        },
        checkpoint: Some(Checkpoint {
            path: "/data/state.json".to_owned(),
            writes: 127,
            mean_ms: 3.4,
        }),
        stages: vec![
            stage(StageName::Fetch, [205.0, 205.0, 0.0, 0.0136], "127.0.0.1:8080"),
            stage(StageName::Transform, [0.08, 0.08, 0.0, 0.000_005], ""),
            stage(StageName::Write, [14_889.0, 236.0, 14_653.0, 0.9864], "127.0.0.1:8123"),
        ],
        item_mean_ms: 15_094.08,
        parallelism: Parallelism {
            single_rate_per_s: 2.27,
            theoretical_rate_per_s: 145.1,
            actual_rate_per_s: 4.24,
            serialization_factor: 34.2,
            interval: [31.0, 37.0],
            proved: 0.97,
            single_rate_source: RateSource::Modelled,
            effective_workers: 1.87,
            karp_flatt: 0.527,
        },
        verdict: Verdict {
            severity: Severity::Critical,
            cause: Cause::RemoteSerial,
            stage: StageName::Write,
            culprit: culprit.clone(),
            share_of_lost_time: 0.98,
            confidence: 0.6,
            confidence_level: Level::Fair,
            confidence_reason: "from outside it may also be rate-limit".to_owned(),
            alternatives: vec![Cause::RateLimit],
            sentence: "64 workers do the work of 1.9 (SF 31 to 37): inserts to 127.0.0.1:8123 are served \
                       one at a time, 4.2 a second however many wait; batch them: 4.2 to 38..140 a second"
                .to_owned(),
        },
        causes: vec![
            CauseRow {
                cause: Cause::RemoteSerial,
                share: 0.98,
                gain_alone: 34.2,
                culprit,
                evidence: vec![
                    "Responses grow with the number in flight: elasticity 1.31 over 120 exchanges.".to_owned(),
                    "An exchange that met nobody took 236 ms; replies come 236 ms apart, none closer than 221 ms.".to_owned(),
                    "Replies come in the order of arrival.".to_owned(),
                ],
                refuted_by: vec![],
            },
            CauseRow {
                cause: Cause::Cpu,
                share: 0.002,
                gain_alone: 1.0,
                culprit: Culprit {
                    kind: CulpritKind::Cpu,
                    name: "2 CPUs".to_owned(),
                    ..Culprit::default()
                },
                evidence: vec!["0.2% of worker time was spent in the run queue.".to_owned()],
                refuted_by: vec!["the CPUs were 4% busy".to_owned()],
            },
        ],
        refuted: vec![RefutedRow {
            cause: Cause::Starved,
            culprit: Culprit {
                kind: CulpritKind::Queue,
                name: "a queue (lock taken in next_page)".to_owned(),
                ..Culprit::default()
            },
            by: vec!["Only 4% of the waits were ended by a producer.".to_owned()],
        }],
        blame: vec![Blame {
            waiter: "62 of 64 workers".to_owned(),
            resource: "127.0.0.1:8123".to_owned(),
            holder: "clickhouse (pid 977)".to_owned(),
            ns: 1_861_000_000_000,
            chain: vec![
                "62 of 64 workers wait for a reply of 127.0.0.1:8123".to_owned(),
                "which serves one insert at a time (clickhouse, pid 977)".to_owned(),
            ],
        }],
        statements: vec![PeerStatements {
            peer: "127.0.0.1:8123".to_owned(),
            statements: vec![StatementRow {
                statement: "INSERT INTO events (id, at) VALUES (?)".to_owned(),
                count: 127,
                mean_ms: 14_889.0,
                service_ms: Some(236.0),
                share_of_waiting: 1.0,
            }],
        }],
        cpu_time: vec![CpuTime {
            program: "python3.11".to_owned(),
            is_peer: false,
            cpus: 0.31,
            samples: 455,
            functions: vec![CpuFunction {
                function: "encode (backfill.py:40)".to_owned(),
                share: 0.62,
            }],
        }],
        fix: Some(Fix {
            title: "Send the rows in batches".to_owned(),
            why: "The peer spends 236 ms on each insert, one at a time; a batch pays that once.".to_owned(),
            before: "for row in rows:\n    client.insert(table, [row])".to_owned(),
            after: "for batch in chunked(rows, 100):\n    client.insert(table, batch)  # 127.0.0.1:8123".to_owned(),
            language: "python".to_owned(),
        }),
        prediction: Some(Prediction {
            method: "bound".to_owned(),
            rate_per_s: 38.0,
            speedup: 9.0,
            interval: [4.24, 145.1],
            model_error: 0.0,
            best_worker_count: 2,
            next_bottleneck: "the fetch, 205 ms each with 64 workers".to_owned(),
        }),
        unexplained_share: 0.02,
        coverage: Coverage {
            events: 48_211,
            lost_by_cause: BTreeMap::new(),
            unmatched_wakeups: 2,
            self_cpu_share: 0.008,
            unknown_time_share: 0.0,
            kernel_difference: Some(0.002),
            notes: vec!["all targets have ended after 30.0 s".to_owned()],
            ..Coverage::default()
        },
    }
}

fn stage(stage: StageName, [mean, service, queue, share]: [f64; 4], peer: &str) -> Stage {
    let (kind, name) = if peer.is_empty() {
        ("cpu", "")
    } else {
        ("peer", peer)
    };
    Stage {
        stage,
        mean_ms: mean,
        plus_minus_ms: if peer.is_empty() { 0.02 } else { 0.0 },
        service_ms: service,
        queue_ms: queue,
        share,
        resources: vec![Resource {
            kind: kind.to_owned(),
            name: name.to_owned(),
            mean_ms: mean,
            visits: 1.0,
        }],
    }
}

/// The same with every string from outside chosen by somebody who means harm.
pub fn hostile() -> Report {
    const EVIL: &str = "\x1b]0;x\x07```a|b`\n# <b>\u{202e}*c*_@all\u{9b}31m";
    let mut report = goldsky();
    for text in [
        &mut report.target.command,
        &mut report.target.host,
        &mut report.target.kernel,
        &mut report.target.language,
        &mut report.workers.unit,
        &mut report.items.unit,
        &mut report.verdict.sentence,
        &mut report.verdict.culprit.name,
        &mut report.verdict.culprit.call_site,
        &mut report.verdict.culprit.address,
        &mut report.verdict.culprit.process,
    ] {
        EVIL.clone_into(text);
    }
    for cause in &mut report.causes {
        cause.culprit.name = EVIL.to_owned();
        cause.evidence = vec![EVIL.to_owned()];
        cause.refuted_by = vec![EVIL.to_owned()];
    }
    report.verdict.confidence_reason = EVIL.to_owned();
    for refuted in &mut report.refuted {
        refuted.culprit.name = EVIL.to_owned();
        refuted.by = vec![EVIL.to_owned()];
    }
    for blame in &mut report.blame {
        blame.chain = vec![EVIL.to_owned()];
    }
    for resource in report
        .stages
        .iter_mut()
        .flat_map(|stage| &mut stage.resources)
    {
        resource.kind = EVIL.to_owned();
        resource.name = EVIL.to_owned();
    }
    for peer in &mut report.statements {
        peer.peer = EVIL.to_owned();
        for row in &mut peer.statements {
            row.statement = EVIL.to_owned();
        }
    }
    for program in &mut report.cpu_time {
        program.program = EVIL.to_owned();
        for one in &mut program.functions {
            one.function = EVIL.to_owned();
        }
    }
    if let Some(checkpoint) = &mut report.checkpoint {
        checkpoint.path = EVIL.to_owned();
    }
    if let Some(fix) = &mut report.fix {
        for text in [
            &mut fix.title,
            &mut fix.why,
            &mut fix.before,
            &mut fix.after,
            &mut fix.language,
        ] {
            EVIL.clone_into(text);
        }
    }
    if let Some(prediction) = &mut report.prediction {
        prediction.method = EVIL.to_owned();
        prediction.next_bottleneck = EVIL.to_owned();
    }
    report.coverage.notes = vec![EVIL.to_owned()];
    report.coverage.lost = 1;
    report.coverage.lost_by_cause = BTreeMap::from([(EVIL.to_owned(), 1)]);
    report
}

/// The same with every number replaced by `number`.
pub fn numbers(number: f64) -> Report {
    let mut report = goldsky();
    report.window_s = number;
    report.items.rate_per_s = number;
    report.items.regularity = number;
    report.items.eta_s = Some(number);
    report.item_mean_ms = number;
    report.unexplained_share = number;
    for stage in &mut report.stages {
        stage.mean_ms = number;
        stage.plus_minus_ms = number;
        stage.service_ms = number;
        stage.queue_ms = number;
        stage.share = number;
        for resource in &mut stage.resources {
            resource.mean_ms = number;
            resource.visits = number;
        }
    }
    for row in report
        .statements
        .iter_mut()
        .flat_map(|peer| &mut peer.statements)
    {
        row.mean_ms = number;
        row.share_of_waiting = number;
    }
    for program in &mut report.cpu_time {
        program.cpus = number;
        for one in &mut program.functions {
            one.share = number;
        }
    }
    report.parallelism = Parallelism {
        single_rate_per_s: number,
        theoretical_rate_per_s: number,
        actual_rate_per_s: number,
        serialization_factor: number,
        interval: [number; 2],
        proved: number,
        single_rate_source: RateSource::Observed,
        effective_workers: number,
        karp_flatt: number,
    };
    report.verdict.culprit.capacity = number;
    report.verdict.culprit.service_ms = number;
    report.verdict.culprit.rate_per_s = number;
    report.verdict.confidence = number;
    if let Some(prediction) = &mut report.prediction {
        prediction.rate_per_s = number;
        prediction.speedup = number;
        prediction.interval = [number; 2];
        prediction.model_error = number;
    }
    report
}
