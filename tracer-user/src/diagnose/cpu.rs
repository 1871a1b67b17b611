//! `cpu`: more runnable work than cores.
//!
//! Must be seen: workers queued for a CPU while the target's own threads have the CPUs. Time queued behind strangers is not
//! counted as lost to other workers.

use super::candidate::Candidate;
use super::findings::Findings;
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::report::Culprit;
use crate::scaling::Lost;

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let queue = &findings.collector.queue;
    let seconds = findings.all.queued.seconds();
    let own = queue.own_share();
    let lost = seconds * own;
    if lost < WORTH_NAMING * findings.time() {
        return Vec::new();
    }
    let cpus = f64::from(findings.meta.host.cpus.max(1));
    let busy = queue.run.seconds() / findings.window().max(1e-9);
    let stage = findings
        .stages
        .iter()
        .max_by_key(|(_, stage)| stage.times.queued)
        .map(|(name, _)| *name)
        .unwrap_or_default();
    let mut against = Vec::new();
    if own < 0.5 {
        against.push(format!(
            "{:.0}% of the queueing was behind threads of other programs.",
            100.0 * (1.0 - own)
        ));
    }
    vec![Candidate {
        cause: Cause::Cpu,
        stage,
        culprit: Culprit {
            kind: "cpu".to_owned(),
            name: format!("{cpus:.0} CPUs"),
            capacity: cpus,
            ..Culprit::default()
        },
        run_queue: true,
        lost: Lost {
            proved: lost,
            likely: lost,
            possible: seconds.max(lost),
        },
        demand: findings.per_item(findings.all.run.seconds()),
        capacity: cpus,
        seen: 1.0,
        evidence: vec![
            format!(
                "The workers were ready to run but without a CPU for {seconds:.1} s, {:.0}% of it behind the target's own threads.",
                100.0 * own
            ),
            format!(
                "The target kept {busy:.2} of {cpus:.0} CPUs busy; an item needs {:.2} ms of CPU.",
                1e3 * findings.per_item(findings.all.run.seconds())
            ),
        ],
        against,
        clause: format!(
            "{} workers compute on {cpus:.0} CPUs",
            findings.workers.len()
        ),
        chain: vec![
            format!(
                "{} workers queue for {cpus:.0} CPUs",
                findings.workers.len()
            ),
            "held by the other workers, which compute".to_owned(),
        ],
        holder: "the other workers, which compute".to_owned(),
        ..Candidate::default()
    }]
}
