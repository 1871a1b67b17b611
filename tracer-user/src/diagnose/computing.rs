//! What takes CPU time: by program how much, and in which functions, by the samples of where threads were found running.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::actors::ActorId;
use crate::classify::{SampledFunctions, State};
use crate::row::{Nanos, TaskRole, printable};

/// Fewer samples than this say nothing of shares.
const LEAST: u64 = 20;
/// A program that takes less of a CPU than this is not worth a look.
const WORTH_A_LOOK: f64 = 0.02;
/// As many functions as are told of a program.
const TOLD: usize = 5;

/// A function, and how much of the samples was found in it.
#[derive(Clone, Debug, PartialEq)]
pub struct HotFunction {
    /// Name, with file and line where they are known.
    pub name: String,
    /// Of the samples of these threads, 0 to 1.
    pub share: f64,
}

/// CPU time of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct CpuUse {
    /// Name of the program.
    pub program: String,
    /// Why it is in the trace.
    pub role: TaskRole,
    /// CPUs it keeps busy on average.
    pub cpus: f64,
    /// Samples of its threads.
    pub samples: u64,
    /// Functions, those first that take the most; empty: too few samples.
    pub functions: Vec<HotFunction>,
}

impl Findings<'_> {
    /// The function in which the threads that carry tasks were found most; `None`: not known, or too few samples.
    #[must_use]
    pub fn carriers_run(&self) -> Option<HotFunction> {
        let of_workers = self.inventory.processes_of_tasks(self.workers.keys());
        let sampled = self.sampled(|id| {
            let actor = self.inventory.actors.get(&id);
            actor.is_some_and(|one| one.is_carrier && of_workers.contains(&one.account.pid))
        });
        hot(&sampled).into_iter().next()
    }

    /// What the workers compute most; `None`: not known, or too few samples.
    #[must_use]
    pub fn workers_run(&self) -> Option<HotFunction> {
        let sampled = self.sampled(|id| self.workers.contains_key(&id));
        hot(&sampled).into_iter().next()
    }

    /// The share of their CPU time that the workers spend in loops in which code waits, 0 to 1, and the function of most of it; `None`: in
    /// none, or too few samples.
    #[must_use]
    pub fn workers_spin(&self) -> Option<(f64, HotFunction)> {
        let sampled = &self.inventory.classifier.sampled;
        let is_worker = |tid| self.workers.contains_key(&ActorId::Thread(tid));
        let all = sampled.functions(is_worker).samples;
        let spinning = sampled.spinning(is_worker);
        let first = hot(&spinning).into_iter().next()?;
        #[expect(clippy::cast_precision_loss, reason = "numbers of samples")]
        let share = spinning.samples as f64 / all as f64;
        Some((share, first))
    }

    /// The share of their CPU time in which the kernel takes memory back for the workers, 0 to 1; `None`: too few samples.
    #[must_use]
    pub fn short_of_memory(&self) -> Option<f64> {
        let sampled = &self.inventory.classifier.sampled;
        let is_worker = |tid| self.workers.contains_key(&ActorId::Thread(tid));
        let all = sampled.functions(is_worker).samples;
        #[expect(clippy::cast_precision_loss, reason = "numbers of samples")]
        let share = sampled.short_of_memory(is_worker).samples as f64 / all as f64;
        (all >= LEAST).then_some(share)
    }

    /// The share of their CPU time in which the workers wait for locks of the kernel, 0 to 1; `None`: too few samples.
    #[must_use]
    pub fn spin_in_kernel(&self) -> Option<f64> {
        let sampled = &self.inventory.classifier.sampled;
        let is_worker = |tid| self.workers.contains_key(&ActorId::Thread(tid));
        let all = sampled.functions(is_worker).samples;
        #[expect(clippy::cast_precision_loss, reason = "numbers of samples")]
        let share = sampled.spinning_in_kernel(is_worker).samples as f64 / all as f64;
        (all >= LEAST).then_some(share)
    }

    /// How many workers were found to wait in loops.
    #[must_use]
    pub fn spinning_workers(&self) -> usize {
        let sampled = &self.inventory.classifier.sampled;
        sampled.spinners(|tid| self.workers.contains_key(&ActorId::Thread(tid)))
    }

    /// The CPU time of the target's programs and of local peers, the most first.
    #[must_use]
    pub fn cpu_use(&self) -> Vec<CpuUse> {
        let mut programs: BTreeMap<(&str, bool), Nanos> = BTreeMap::new();
        for (id, actor) in &self.inventory.actors {
            if id.tid().is_none() {
                continue;
            }
            let times = actor.slots.times.iter();
            let run = times.filter(|((_, state), _)| *state == State::Running);
            let key = (
                actor.account.exe.as_str(),
                actor.account.role == TaskRole::Target,
            );
            *programs.entry(key).or_default() += run.map(|(_, time)| *time).sum::<Nanos>();
        }
        let window = self.window().max(1e-9);
        let mut all: Vec<CpuUse> = programs
            .into_iter()
            .filter(|(_, run)| run.seconds() >= WORTH_A_LOOK * window)
            .map(|((exe, is_target), run)| {
                let sampled = self.sampled(|id| {
                    let account = self.inventory.actors.get(&id).map(|actor| actor.account);
                    account.is_some_and(|one| {
                        one.exe == exe && (one.role == TaskRole::Target) == is_target
                    })
                });
                CpuUse {
                    program: printable(exe.rsplit('/').next().unwrap_or_default()).into_owned(),
                    role: if is_target {
                        TaskRole::Target
                    } else {
                        TaskRole::Peer
                    },
                    cpus: run.seconds() / window,
                    samples: sampled.samples,
                    functions: hot(&sampled),
                }
            })
            .collect();
        all.sort_by(|a, b| b.cpus.total_cmp(&a.cpus));
        all
    }

    /// What the threads run that `is_one` chooses.
    fn sampled(&self, is_one: impl Fn(ActorId) -> bool) -> SampledFunctions {
        let sampled = &self.inventory.classifier.sampled;
        sampled.functions(|tid| is_one(ActorId::Thread(tid)))
    }
}

/// The functions in which most samples are.
fn hot(sampled: &SampledFunctions) -> Vec<HotFunction> {
    if sampled.samples < LEAST {
        return Vec::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of samples")]
    let share = |count: u64| count as f64 / sampled.samples as f64;
    let most = sampled.functions.iter().take(TOLD);
    most.map(|(frame, count)| HotFunction {
        name: printable(&frame.to_string()).into_owned(),
        share: share(*count),
    })
    .collect()
}
