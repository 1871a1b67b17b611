//! The text of one step.
//!
//! | step | what it does |
//! |---|---|
//! | `fetch A 20ms+-5ms`, `write`, `select`, `insert` | asks a peer; `in 3 reads` reads the reply in three calls |
//! | `select D 5ms as S`, `insert`, `begin` | runs statement S; `*` in its name is another word each time |
//! | `connect A 5ms` | connects to a peer; `polled`: waits in a poll of the socket, `looped`: in one of many |
//! | `compute 5ms` | needs a CPU; `crowded 0.7`: 0.7 times longer for each other thread of the crews that computes as it begins |
//! | `sleep 5ms` | sleeps; `by futex` on a word until the time is up |
//! | `lock L held 9ms sleeping` | takes a lock; `sleeping by futex`, `computing` or `fetching A` meanwhile |
//! | `append F`, `read F 2ms`, `fsync F 3ms` | writes to a file, reads it, makes it durable; `*` in a name is the worker's number; `from D`: disk D serves it |
//! | `fault 2ms` | is blocked in no call until a page is there; `from D` as above |
//! | `flock F held 5ms` | locks a file; `polling 1ms` tries again and again instead of waiting |
//! | `pipe P write`, `pipe P read` | moves a message within the trace; with a time the other end is not in it |
//! | `call 5ms` | is blocked in a call that is not known |
//! | `queue Q`, `feed Q every 5ms` | takes from a queue in the process, fills it |
//! | `hand over H` | waits until a thread with the step `take over H` has done its other steps for it |
//! | `barrier B` | waits until all that have this step have come; `parked`: each on a word of its own; `in turn`: each lets the next go on |
//! | `stop all 20ms` | stops all other threads while it computes, as a runtime does that collects garbage |
//! | `every 5 items fsync F 3ms` | does the step in one of five items |

use super::Mistake;
use super::plan::{Action, Asks, Connecting, Holding, Meeting, PeerIndex, Plan, Sleep, Span, Step};
use super::words::Words;

/// What a step may begin with.
const BEGINNINGS: &str = "a step: fetch, write, select, insert, begin, connect, compute, sleep, lock, append, read, fsync, flock, pipe, call, queue, feed, hand, take, barrier, stop, fault or every";

/// Reads a step.
pub(super) fn step(words: &mut Words<'_>, plan: &mut Plan) -> Result<Step, Mistake> {
    let mut every = 1;
    if words.accept("every") {
        every = words.count("a number of items")?;
        words.expect("items")?;
    }
    let action = action(words, plan)?;
    Ok(Step { every, action })
}

fn action(words: &mut Words<'_>, plan: &mut Plan) -> Result<Action, Mistake> {
    let Some(verb) = words.peek() else {
        return Err(words.mistake(BEGINNINGS));
    };
    let asks = match verb {
        "fetch" => Some(Asks::Fetch),
        "write" => Some(Asks::Write),
        "select" => Some(Asks::Select),
        "insert" => Some(Asks::Insert),
        "begin" => Some(Asks::Begin),
        _ => None,
    };
    if let Some(asks) = asks {
        words.skip();
        return request(words, plan, asks);
    }
    Ok(match verb {
        "connect" => {
            words.skip();
            let peer = plan.peer(words.name("the name of a peer")?);
            let time = words.span()?;
            let how = match (words.accept("polled"), words.accept("looped")) {
                (true, _) => Connecting::Polled,
                (_, true) => Connecting::InLoop,
                _ => Connecting::InCall,
            };
            Action::Connect(peer, time, how)
        }
        "compute" => {
            words.skip();
            let time = words.span()?;
            let slowed = match words.accept("crowded") {
                true => words.factor()?,
                false => 0.0,
            };
            Action::Compute(time, slowed)
        }
        "sleep" => {
            words.skip();
            let time = words.span()?;
            Action::Sleep(time, sleep(words)?)
        }
        "lock" => {
            words.skip();
            let lock = plan.lock(words.name("the name of a lock")?);
            let (time, holding) = held(words, plan)?;
            Action::Lock(lock, time, holding)
        }
        "call" => {
            words.skip();
            Action::Call(words.span()?)
        }
        "queue" => {
            words.skip();
            Action::Queue(words.name("the name of a queue")?.to_owned())
        }
        "hand" | "take" => {
            words.skip();
            words.expect("over")?;
            let desk = words.name("the name of what is handed over")?.to_owned();
            match verb {
                "hand" => Action::HandOver(desk),
                _ => Action::TakeOver(desk),
            }
        }
        "feed" => {
            words.skip();
            let queue = words.name("the name of a queue")?.to_owned();
            words.expect("every")?;
            Action::Feed(queue, words.span()?)
        }
        "stop" => {
            words.skip();
            words.expect("all")?;
            Action::StopAll(words.span()?)
        }
        "barrier" => {
            words.skip();
            let barrier = words.name("the name of a barrier")?.to_owned();
            Action::Barrier(barrier, meeting(words)?)
        }
        _ => return file(words, plan),
    })
}

/// `parked`, `in turn`, or nothing.
fn meeting(words: &mut Words<'_>) -> Result<Meeting, Mistake> {
    if words.accept("parked") {
        return Ok(Meeting::Parked);
    }
    if words.accept("in") {
        words.expect("turn")?;
        return Ok(Meeting::InTurn);
    }
    Ok(Meeting::AtOnce)
}

/// `A 20ms in 3 reads`.
fn request(words: &mut Words<'_>, plan: &mut Plan, asks: Asks) -> Result<Action, Mistake> {
    let peer = plan.peer(words.name("the name of a peer")?);
    let time = words.span()?;
    let mut reads = 1;
    if words.accept("in") {
        reads = words.count("a number of reads")?;
        words.expect("reads")?;
    }
    let statement = match words.accept("as") {
        true => Some(words.name("the name of a statement")?.to_owned()),
        false => None,
    };
    Ok(Action::Request {
        peer,
        asks,
        time,
        reads,
        statement,
    })
}

/// What is done to files and pipes.
fn file(words: &mut Words<'_>, plan: &mut Plan) -> Result<Action, Mistake> {
    let name = |words: &mut Words<'_>| Ok(words.name("the name of a file")?.to_owned());
    if words.accept("append") {
        return Ok(Action::Append(name(words)?));
    }
    if words.accept("read") {
        return Ok(Action::Read(
            name(words)?,
            words.span()?,
            disk(words, plan)?,
        ));
    }
    if words.accept("fsync") {
        return Ok(Action::Sync(
            name(words)?,
            words.span()?,
            disk(words, plan)?,
        ));
    }
    if words.accept("fault") {
        return Ok(Action::Fault(words.span()?, disk(words, plan)?));
    }
    if words.accept("flock") {
        let file = name(words)?;
        let (time, holding) = held(words, plan)?;
        let polling = words.accept("polling").then(|| words.span()).transpose()?;
        return Ok(Action::FileLock(file, time, holding, polling));
    }
    if words.accept("pipe") {
        let pipe = words.name("the name of a pipe")?.to_owned();
        if words.accept("write") {
            return Ok(Action::PipeWrite(pipe, words.span_if_any()));
        }
        words
            .expect("read")
            .map_err(|_| words.mistake("write or read"))?;
        return Ok(Action::PipeRead(pipe, words.span_if_any()));
    }
    Err(words.mistake(BEGINNINGS))
}

/// `from D`, or nothing.
fn disk(words: &mut Words<'_>, plan: &mut Plan) -> Result<Option<PeerIndex>, Mistake> {
    let is_named = words.accept("from");
    let disk = is_named.then(|| Ok(plan.peer(words.name("the name of a disk")?)));
    disk.transpose()
}

/// `held 9ms sleeping`; whoever does not say otherwise sleeps.
fn held(words: &mut Words<'_>, plan: &mut Plan) -> Result<(Span, Holding), Mistake> {
    words.expect("held")?;
    let time = words.span()?;
    let holding = if words.accept("computing") {
        Holding::Computing
    } else if words.accept("fetching") {
        Holding::Fetching(plan.peer(words.name("the name of a peer")?))
    } else if words.accept("sleeping") {
        Holding::Sleeping(sleep(words)?)
    } else {
        Holding::Sleeping(Sleep::Call)
    };
    Ok((time, holding))
}

/// `by futex`, or nothing.
fn sleep(words: &mut Words<'_>) -> Result<Sleep, Mistake> {
    if !words.accept("by") {
        return Ok(Sleep::Call);
    }
    words.expect("futex")?;
    Ok(Sleep::Word)
}
