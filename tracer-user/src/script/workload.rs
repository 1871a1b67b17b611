//! The text of a workload, line by line.
//!
//! | line | what it says |
//! |---|---|
//! | `cpus 4` | how many CPUs there are |
//! | `window 20s after 5s` | how long the window is, and how long the workload goes before it |
//! | `peer A serves 1` | or `serves all`, `tokens 10/s`; `local`: its threads are in the trace; `computing`: they compute to serve; `refuses 30%`: with status 429 |
//! | `disk D serves 1` | as a peer, for files that are read `from D` |
//! | `lock L permits 4` | `parked`: each waiter on a word of its own; `condition`: on two words in turn |
//! | `16 workers: STEP; STEP` | threads of one process; `16 worker processes:` |
//! | `children 20/s: STEP` | short-lived processes that do the steps once |

use super::Mistake;
use super::plan::{Children, Crew, LockWords, Plan, Serves, Step};
use super::step::step;
use super::words::Words;
use crate::row::Nanos;

/// How long a workload goes before its window, unless the script says `after` another time.
const WARM_UP: Nanos = Nanos(2_000_000_000);

/// Reads a workload.
pub(super) fn parse(text: &str) -> Result<Plan, Mistake> {
    let mut plan = Plan {
        cpus: 4,
        window: Nanos(10_000_000_000),
        warm_up: WARM_UP,
        peers: Vec::new(),
        locks: Vec::new(),
        crews: Vec::new(),
        children: Vec::new(),
    };
    for (line, text) in (1..).zip(text.lines()) {
        let mut words = Words::of(line, text);
        match words.peek() {
            None => {}
            Some("cpus") => {
                words.skip();
                plan.cpus = words.count("a number of CPUs")?;
            }
            Some("window") => {
                words.skip();
                plan.window = words.time()?;
                if words.accept("after") {
                    plan.warm_up = words.time()?;
                }
            }
            Some("peer" | "disk") => peer(&mut words, &mut plan)?,
            Some("lock") => lock(&mut words, &mut plan)?,
            Some("children") => {
                words.skip();
                let every = words.every()?;
                words.expect(":")?;
                let steps = steps(&mut words, &mut plan)?;
                plan.children.push(Children { every, steps });
            }
            Some(_) => crew(&mut words, &mut plan)?,
        }
        words.end()?;
    }
    Ok(plan)
}

/// `peer A serves 4 refuses 30%`.
fn peer(words: &mut Words<'_>, plan: &mut Plan) -> Result<(), Mistake> {
    words.skip();
    let index = plan.peer(words.name("the name of a peer")?);
    let peer = &mut plan.peers[index.0];
    while !words.is_done() {
        if words.accept("serves") {
            peer.serves = if words.accept("all") {
                Serves::All
            } else {
                Serves::AtOnce(words.count("all or a number")?)
            };
        } else if words.accept("tokens") {
            peer.serves = Serves::Every(words.every()?);
        } else if words.accept("refuses") {
            peer.refuses = words.parse("a share such as 30%", share)?;
        } else if words.accept("local") {
            peer.is_local = true;
        } else if words.accept("computing") {
            peer.computes = true;
        } else {
            return Err(words.mistake("serves, tokens, refuses, local or computing"));
        }
    }
    Ok(())
}

fn share(word: &str) -> Option<f64> {
    let percent: f64 = word.strip_suffix('%')?.parse().ok()?;
    (0.0..100.0).contains(&percent).then_some(percent / 100.0)
}

/// `lock L permits 4 parked`.
fn lock(words: &mut Words<'_>, plan: &mut Plan) -> Result<(), Mistake> {
    words.skip();
    let index = plan.lock(words.name("the name of a lock")?);
    let lock = &mut plan.locks[index.0];
    while !words.is_done() {
        if words.accept("permits") {
            lock.permits = words.count("a number of permits")?;
        } else if words.accept("parked") {
            lock.words = LockWords::Parked;
        } else if words.accept("condition") {
            lock.words = LockWords::Condition;
        } else {
            return Err(words.mistake("permits, parked or condition"));
        }
    }
    Ok(())
}

/// `16 workers: ...`, or `16 worker processes: ...`.
fn crew(words: &mut Words<'_>, plan: &mut Plan) -> Result<(), Mistake> {
    let count = words.count("cpus, window, peer, disk, lock, children or a number of workers")?;
    let name = words.name("what they are called")?;
    let name = name.strip_suffix('s').unwrap_or(name).to_owned();
    let is_processes = words.accept("processes") || words.accept("process");
    words.expect(":")?;
    let steps = steps(words, plan)?;
    plan.crews.push(Crew {
        count,
        name,
        is_processes,
        steps,
    });
    Ok(())
}

fn steps(words: &mut Words<'_>, plan: &mut Plan) -> Result<Vec<Step>, Mistake> {
    let mut steps = vec![step(words, plan)?];
    while words.accept(";") {
        steps.push(step(words, plan)?);
    }
    Ok(steps)
}
