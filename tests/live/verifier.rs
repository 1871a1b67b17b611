//! The programs before the verifier of the kernel at hand.

use holdup::capture::probes::verifier::{Judgement, judge};

/// Most instructions the verifier may go through for each program, on the kernels this is tested on. More of them take longer to load, and
/// as a rule longer to run in somebody's thread: who needs more says so here. About a tenth above what they are now.
const BUDGET: &[(&str, u32)] = &[
    ("contention_begin", 275),
    ("contention_end", 250),
    ("jbd2_end_commit", 120),
    ("jbd2_start_commit", 20),
    ("sample", 1_480),
    ("sched_process_exec", 920),
    ("sched_process_exit", 920),
    ("sched_switch", 11_770),
    ("sched_waking", 390),
    ("seed_and_cut", 3_480),
    ("sys_enter", 14_360),
    ("sys_exit", 14_300),
    ("task_newtask", 490),
    ("task_rename", 380),
];

/// Not on every kernel.
const OPTIONAL: &[&str] = &[
    "contention_begin",
    "contention_end",
    "jbd2_end_commit",
    "jbd2_start_commit",
    "task_rename",
];

pub fn every_program_is_taken_within_its_budget() {
    let judged = judge().unwrap_or_else(|error| panic!("{error}"));
    for (name, judgement) in &judged {
        let most = BUDGET.iter().find(|(known, _)| known == name);
        let Some((_, most)) = most else {
            panic!("{name} has no budget: {judgement:?}");
        };
        match judgement {
            Judgement::Accepted { instructions } => assert!(
                *instructions > 0 && instructions <= most,
                "{name}: {instructions} instructions, {most} are its budget"
            ),
            Judgement::NoTracepoint => {
                assert!(
                    OPTIONAL.contains(&name.as_str()),
                    "{name} has no tracepoint"
                );
            }
            Judgement::Refused(why) => panic!("{name}: {why}"),
        }
    }
    for (name, _) in BUDGET {
        assert!(
            judged.iter().any(|(known, _)| known == name),
            "{name} is not in the object"
        );
    }
}
