//! All cases, a file for each kind of thing that can hold workers up.

mod asyncio;
mod disks;
mod feeders;
mod go;
mod locks;
mod memory;
mod neighbours;
mod node;
mod nothing;
mod peers;
mod processors;
mod servers;
mod tasks;
mod tokio;

use crate::plan::{Case, Settings};

/// Every case, in the order of the table.
#[must_use]
pub fn all() -> Vec<Case> {
    [
        locks::CASES,
        disks::CASES,
        memory::CASES,
        peers::CASES,
        servers::CASES,
        neighbours::CASES,
        processors::CASES,
        feeders::CASES,
        asyncio::CASES,
        go::CASES,
        node::CASES,
        tokio::CASES,
        nothing::CASES,
    ]
    .concat()
}

/// A reply of `bytes`.
fn replies(bytes: u64) -> Settings {
    Settings::default().set("reply_bytes", bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Draw;

    #[test]
    fn every_case_draws_between_4_and_64_workers_and_seeds_differ() {
        let cases = all();
        assert!(cases.len() >= 13);
        for case in cases {
            let plans: Vec<_> = (1..=20)
                .map(|seed| (case.plan)(&mut Draw::new(case.name, seed)))
                .collect();
            for plan in &plans {
                assert!(
                    (4..=64).contains(&plan.workers),
                    "{}: {} workers",
                    case.name,
                    plan.workers
                );
                assert!(
                    plan.alone_ms > 0 && plan.together_ms >= plan.alone_ms / 2,
                    "{}: {plan:?}",
                    case.name
                );
            }
            let first = plans[0].settings.text();
            assert!(
                plans.iter().any(|plan| plan.settings.text() != first),
                "{}: seeds change nothing",
                case.name
            );
        }
    }

    #[test]
    fn labels_are_unlike_what_the_programs_are_told() {
        for case in all() {
            let plan = (case.plan)(&mut Draw::new(case.name, 1));
            assert!(
                !plan.settings.text().contains(case.name),
                "{} gives itself away",
                case.name
            );
        }
    }
}
