//! A lock in the program, in words.

use super::activity::{doing, holder};
use super::{Words, of_workers, percent};
use crate::diagnose::{Findings, UserLockFacts};

pub(super) fn words(findings: &Findings<'_>, facts: &UserLockFacts) -> Words {
    let name = findings.lock_name(facts.site.class);
    let waiters = of_workers(findings, facts.waiters);
    let mut evidence = vec![format!(
        "{waiters} waited for the {name}, {:.1} s of worker time in all; {} of the wake-ups came from fellow workers.",
        facts.seconds,
        percent(facts.by_workers),
    )];
    if let Some(hold) = facts.hold_s {
        evidence.push(format!(
            "It was let go {} times while others waited, after being held for {:.3} ms on average (hand-off: the holder is the one that lets go next).",
            facts.holds,
            1e3 * hold,
        ));
    }
    if let Some(holding) = facts.holding {
        evidence.push(format!(
            "While holding it, the holder {} for {} of the time.",
            doing(findings, holding.activity),
            percent(holding.share)
        ));
    }
    if facts.owner_word {
        evidence
            .push("The lock's own word names a live thread as its owner (owner-word).".to_owned());
    }
    if facts.shared_memory {
        evidence.push("The lock lies in shared memory of several processes.".to_owned());
    }
    let holder = match facts.holding {
        Some(_) => holder(findings, facts.holding),
        None => "not seen".to_owned(),
    };
    Words {
        clause: match facts.hold_s {
            Some(hold) => format!(
                "{} the {name}, {:.3} ms each",
                at_a_time(facts.capacity),
                1e3 * hold
            ),
            None => format!("they wait for the {name}"),
        },
        chain: vec![
            format!("{waiters} wait for the {name}"),
            format!("held by {holder}"),
        ],
        holder,
        evidence,
    }
}

/// `one at a time holds`, `4 at a time hold`.
fn at_a_time(capacity: f64) -> String {
    if capacity < 1.5 {
        "one at a time holds".to_owned()
    } else {
        format!("{capacity:.0} at a time hold")
    }
}

#[cfg(test)]
mod tests {
    use super::at_a_time;

    #[test]
    fn a_semaphore_is_held_by_several() {
        assert_eq!(at_a_time(1.0), "one at a time holds");
        assert_eq!(at_a_time(4.2), "4 at a time hold");
    }
}
