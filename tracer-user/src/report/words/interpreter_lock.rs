//! An interpreter that runs one thread at a time, in words.

use super::activity::doing;
use super::{Words, of_workers, percent};
use crate::blame::HolderActivity;
use crate::diagnose::{Findings, InterpreterLockFacts, Keeping};
use crate::number::millis;

/// Waking who gets it, and bringing it to a CPU, takes a part of each turn; more than this share of the time is something else.
const IDLE: f64 = 0.25;

pub(super) fn words(findings: &Findings<'_>, facts: &InterpreterLockFacts) -> Words {
    let waiters = of_workers(findings, facts.waiters);
    let item = millis(1e3 * facts.demand_s);
    let mut evidence = vec![
        format!(
            "{waiters} waited for the interpreter's lock (GIL), {:.1} s of worker time in all; somebody did for {} of the time.",
            facts.seconds,
            percent(facts.contended),
        ),
        format!(
            "The target kept {:.2} of {} CPUs busy; an item needs the interpreter for {item}.",
            facts.busy, findings.meta.host.cpus,
        ),
    ];
    if let Some(runs) = &facts.runs {
        evidence.push(format!(
            "Of those who were made to let go of it while they computed, {} were in {}.",
            percent(runs.share),
            runs.name
        ));
    }
    if let Some(keeping) = &facts.keeping {
        evidence.push(format!(
            "For {} of the time in which others waited for it, who had it did not compute: it {}.",
            percent(keeping.share),
            kept(findings, keeping)
        ));
    } else if facts.locks == 1 && facts.contended > facts.busy + IDLE {
        evidence.push(
            "For some of that time nobody computes: a call of C sleeps with it, or who has it is without a CPU.".to_owned(),
        );
    }
    let holder = match (&facts.keeping, &facts.runs) {
        (Some(keeping), _) => format!("each in turn, which {}", kept(findings, keeping)),
        (None, Some(runs)) => format!("whoever computes, mostly in {}", runs.name),
        (None, None) => "whoever computes".to_owned(),
    };
    let one = match facts.locks {
        1 => "one thread at a time",
        _ => "one thread of each process at a time",
    };
    let at_a_time = match &facts.keeping {
        Some(keeping) => format!(
            "{one} has the interpreter (GIL), and {}",
            kept(findings, keeping)
        ),
        None => format!("{one} runs Python code (GIL)"),
    };
    Words {
        evidence,
        clause: format!("{at_a_time}, {item} an item"),
        chain: vec![
            format!("{waiters} wait for the interpreter's lock"),
            format!("held by {holder}"),
        ],
        holder,
    }
}

/// `keeps it while it sleeps in usleep(), called in transform (backfill.py:12)`.
fn kept(findings: &Findings<'_>, keeping: &Keeping) -> String {
    let mut text = format!(
        "keeps it while it {}",
        doing(findings, HolderActivity::Blocked(keeping.site))
    );
    if !keeping.call.is_empty() {
        text.push_str(&format!(" in {}()", keeping.call));
    }
    if !keeping.at.is_empty() {
        text.push_str(&format!(", called in {}", keeping.at));
    }
    text
}
