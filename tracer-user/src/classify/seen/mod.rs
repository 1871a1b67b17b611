//! Tasks as their runtimes show them: how many run the same function, and where they are.
//!
//! In: rows of looks, each with the tasks that did the same. Out: by what the tasks run, their mean number at each place. By Little's
//! law that number, times the window, is the time all of them spend there.

mod owner;
mod place;

#[cfg(test)]
mod tests;

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

pub(super) use owner::users;
pub use place::Sort;

use super::class::{ClassId, ResourceClasses};
use crate::row::{Nanos, Pid, Stack, StackId, TaskSeen, TaskState};

/// Most places that are told apart; the capture gives out fewer stacks.
const MOST: usize = 20_000;

/// A place that tasks were found at.
#[derive(Clone, Debug)]
struct Place {
    at: PlaceKey,
    /// Sum over looks of how many were there.
    tasks: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct PlaceKey {
    /// What they run: function and file.
    runs: (String, String),
    /// The user's functions are on the stack; `None`: the stack was not seen.
    is_users: Option<bool>,
    sort: Sort,
    /// What they wait for, as a resource class.
    class: ClassId,
    /// The user's functions they are in.
    inside: Vec<String>,
    slots: u32,
}

/// The looks into one process.
#[derive(Clone, Debug, Default)]
struct Process {
    looks: u64,
    latest: Nanos,
    places: HashMap<(TaskState, StackId, u32, String), usize>,
    /// Its tasks go from thread to thread.
    is_native: bool,
    has_workers: bool,
    /// Something came since that was found out.
    is_new: bool,
}

/// All looks.
#[derive(Clone, Debug, Default)]
pub struct SeenTasks {
    processes: BTreeMap<Pid, Process>,
    places: Vec<Place>,
}

/// Tasks that run the same function, the most of the user's there are.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenWorkers {
    /// What they run.
    pub runs: String,
    /// How many there are, on average.
    pub count: f64,
    /// How often it was looked.
    pub looks: u64,
    /// Where they are, most first.
    pub places: Vec<SeenPlace>,
    /// Other tasks of the user, by what they run; those first of which most do something.
    pub others: Vec<SeenOthers>,
}

/// Tasks beside the workers that run the same function, of which the workers may wait for the outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenOthers {
    /// What they run.
    pub runs: String,
    /// How many there are, on average.
    pub count: f64,
    /// How many of them neither wait for others to end nor for time to pass, on average.
    pub at_work: f64,
    /// How many have nothing to take from a queue, on average.
    pub idle: f64,
    /// How many wait for a peer, on average.
    pub network: f64,
    /// Where most of those at work are, and what they do there.
    pub most: Option<(Sort, ClassId)>,
}

impl SeenWorkers {
    /// How many of them wait for what threads do for them, on average.
    #[must_use]
    pub fn waiting_for_threads(&self) -> f64 {
        let places = self.places.iter();
        let there = places.filter(|place| place.sort == Sort::Thread);
        there.map(|place| place.mean).sum()
    }
}

/// A place of some of them.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenPlace {
    /// What they do there.
    pub sort: Sort,
    /// What they wait for, by its name.
    pub class: ClassId,
    /// The user's functions that lead there.
    pub inside: Vec<String>,
    /// Slots of the channel, 0: it has none, or there is none.
    pub slots: u32,
    /// How many are there, on average.
    pub mean: f64,
}

/// Tasks that run one function, by where they are; mean numbers.
#[derive(Default)]
struct Sums<'a> {
    is_users: bool,
    count: f64,
    places: BTreeMap<&'a PlaceKey, f64>,
}

impl Sums<'_> {
    /// As others than the workers.
    fn others(&self, runs: &str) -> SeenOthers {
        let at_work = self.places.iter();
        let at_work = at_work.filter(|(at, _)| !matches!(at.sort, Sort::Join | Sort::Timer));
        let of = |sort| {
            let there = self.places.iter().filter(move |(at, _)| at.sort == sort);
            there.map(|(_, mean)| mean).sum()
        };
        let busy = at_work.clone().filter(|(at, _)| at.sort != Sort::Queue);
        SeenOthers {
            runs: runs.to_owned(),
            count: self.count,
            at_work: at_work.map(|(_, mean)| mean).sum(),
            idle: of(Sort::Queue),
            network: of(Sort::Network),
            most: busy
                .max_by(|a, b| a.1.total_cmp(b.1))
                .map(|(at, _)| (at.sort, at.class)),
        }
    }
}

impl SeenTasks {
    /// Takes a row; its stack is known.
    pub(super) fn learn(
        &mut self,
        row: &TaskSeen,
        stacks: &HashMap<StackId, Stack>,
        classes: &mut ResourceClasses,
    ) {
        let process = self.processes.entry(row.pid).or_default();
        if row.end != process.latest {
            process.latest = row.end;
            process.looks += 1;
            process.is_new = true;
        }
        if row.count == 0 {
            return;
        }
        let key = (row.state, row.stack, row.slots, row.reason.clone());
        let index = match process.places.get(&key) {
            Some(index) => *index,
            None if self.places.len() >= MOST => return,
            None => {
                let stack = stacks.get(&row.stack);
                process.is_native |= stack
                    .and_then(|stack| stack.frames.first())
                    .is_some_and(|frame| !frame.module.is_empty());
                let index = self.places.len();
                self.places.push(Place {
                    at: place(row, stack, classes),
                    tasks: 0,
                });
                process.places.insert(key, index);
                index
            }
        };
        self.places[index].tasks += u64::from(row.count);
    }

    /// A process in which a runtime carries tasks; whether they go from thread to thread. `None`: it has none.
    #[must_use]
    pub fn carries(&self, pid: Pid) -> Option<bool> {
        let process = self.processes.get(&pid)?;
        process.has_workers.then_some(process.is_native)
    }

    /// All rows of a batch were taken.
    pub(super) fn settle(&mut self) {
        let new = self.processes.iter().filter(|(_, process)| process.is_new);
        let pids: Vec<Pid> = new.map(|(pid, _)| *pid).collect();
        for pid in pids {
            let has_workers = self.workers(&BTreeSet::from([pid])).is_some();
            if let Some(process) = self.processes.get_mut(&pid) {
                (process.has_workers, process.is_new) = (has_workers, false);
            }
        }
    }

    /// The tasks that do the work of these processes: of those whose function is the user's, the most that run the same. `None`: there
    /// are not two of them.
    #[must_use]
    pub fn workers(&self, pids: &BTreeSet<Pid>) -> Option<SeenWorkers> {
        /// One task is no worker among others.
        const LEAST: f64 = 1.5;
        let mut by_function: BTreeMap<&(String, String), Sums<'_>> = BTreeMap::new();
        let of = self.processes.iter().filter(|(pid, _)| pids.contains(pid));
        let mut looks = 0;
        for (_, process) in of {
            looks = looks.max(process.looks);
            // In one order, so that fractions add up to the same each time.
            let mut indexes: Vec<usize> = process.places.values().copied().collect();
            indexes.sort_unstable();
            for index in indexes {
                let Place { at, tasks } = &self.places[index];
                #[expect(clippy::cast_precision_loss, reason = "numbers of tasks and looks")]
                let mean = *tasks as f64 / process.looks.max(1) as f64;
                let sums = by_function.entry(&at.runs).or_default();
                sums.is_users |= at.is_users == Some(true);
                sums.count += mean;
                *sums.places.entry(at).or_default() += mean;
            }
        }
        let users = by_function.iter().filter(|(_, sums)| sums.is_users);
        let (runs, sums) = users.max_by(|a, b| a.1.count.total_cmp(&b.1.count))?;
        let others = by_function.iter();
        let others = others.filter(|(other, sums)| *other != runs && sums.is_users);
        let mut others: Vec<SeenOthers> = others.map(|(of, sums)| sums.others(&of.0)).collect();
        others.sort_by(|a, b| b.at_work.total_cmp(&a.at_work).then(a.runs.cmp(&b.runs)));
        let Sums { count, places, .. } = sums;
        let count = *count;
        let mut merged: BTreeMap<(Sort, ClassId), SeenPlace> = BTreeMap::new();
        for (at, mean) in places {
            let place = merged.entry((at.sort, at.class)).or_insert(SeenPlace {
                sort: at.sort,
                class: at.class,
                inside: at.inside.clone(),
                slots: at.slots,
                mean: 0.0,
            });
            // What was misread, since it changed under the read, is rare.
            if *mean > place.mean {
                place.slots = at.slots;
            }
            place.mean += mean;
        }
        let mut places: Vec<SeenPlace> = merged.into_values().collect();
        places.sort_by(|a, b| b.mean.total_cmp(&a.mean).then(a.class.cmp(&b.class)));
        (count >= LEAST).then(|| SeenWorkers {
            runs: runs.0.clone(),
            count,
            looks,
            places,
            others,
        })
    }
}

fn place(row: &TaskSeen, stack: Option<&Stack>, classes: &mut ResourceClasses) -> PlaceKey {
    let frames = stack.map_or(&[][..], |stack| &stack.frames);
    let runs = frames
        .last()
        .map_or((String::new(), String::new()), |frame| {
            (frame.symbol.clone(), frame.file.clone())
        });
    let is_seen = matches!(row.state, TaskState::Ready | TaskState::Waiting);
    let (sort, by) = place::sort(row.state, &row.reason, row.slots, frames);
    let inside: Vec<String> = owner::users(frames)
        .map(|frame| frame.symbol.clone())
        .collect();
    let innermost = owner::users(frames)
        .next()
        .map(ToString::to_string)
        .unwrap_or_default();
    // What is called there, or the runtime's word for it.
    let what = by.unwrap_or(&row.reason);
    let name = match (what, innermost.as_str()) {
        ("", innermost) => innermost.to_owned(),
        (what, "") => what.to_owned(),
        (what, innermost) => format!("{what} in {innermost}"),
    };
    PlaceKey {
        runs,
        is_users: is_seen.then_some(!inside.is_empty()),
        sort,
        class: classes.place(&name),
        inside,
        slots: row.slots,
    }
}
