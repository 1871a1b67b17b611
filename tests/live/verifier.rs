//! The programs before the verifier of the kernel at hand.

use holdup::capture::verifier::{Judgement, judge};

/// Needed on every kernel: without them nothing can be said.
const NEEDED: &[&str] = &[
    "sched_process_exec",
    "sched_process_exit",
    "sched_switch",
    "sched_waking",
    "seed_and_cut",
    "sys_enter",
    "sys_exit",
    "task_newtask",
];

#[test]
fn every_program_is_taken() {
    let Some(judged) = super::live(judge()) else {
        return;
    };
    for (name, judgement) in &judged {
        assert!(
            !matches!(judgement, Judgement::Refused(_)),
            "{name}: {judgement:?}"
        );
    }
    for name in NEEDED {
        let taken = judged
            .iter()
            .any(|(known, judgement)| known == name && *judgement == Judgement::Taken);
        assert!(taken, "{name} is not among the programs taken: {judged:?}");
    }
}
