//! The verdict in one sentence.

use super::activity::doing;
use super::{percent, short, words};
use crate::blame::HolderActivity;
use crate::classify::{ClassId, WaitKind, WaitSite};
use crate::diagnose::{Conclusion, Facts, Findings, Ground, Level, Place, Throttle, Verdict};
use crate::scaling::Factor;

/// A thread that computes for more of the time than this may be what holds its requests up.
const BUSY: f64 = 0.8;

/// The sentence, without what a change would bring.
pub fn sentence(findings: &Findings<'_>, conclusion: &Conclusion) -> String {
    let factor = conclusion.factor;
    match conclusion.verdict.ground {
        Ground::Named => named(findings, conclusion),
        Ground::FewItems => few_items(findings, conclusion),
        Ground::Scales(most) => format!(
            "{}: nothing serialises them; most of its time a worker {}",
            scale(findings, factor),
            doing(findings, most)
        ),
        Ground::Idle(idle) => format!(
            "unknown: {} of {} alike do all the work, and the others wait all the while for something to do; look at what hands the work out",
            findings.workers.len(),
            findings.workers.len() + idle,
        ),
        Ground::TasksUnseen(seen) => format!(
            "unknown: {seen} tasks were seen at work, and whether more of them wait for their turn inside the process does not show from outside; say how many workers there are with --workers N"
        ),
        Ground::TasksBeside(tasks) => beside(findings, tasks),
        Ground::EventLoop {
            in_flight,
            computing,
        } => event_loop(findings, in_flight, computing),
        Ground::Pipelined { peer, ahead } => format!(
            "unknown: {} of the commands to {} are sent before the reply to the one before has come, so several tasks may share a connection, and how many does not show from outside; say how many workers there are with --workers N",
            percent(ahead),
            findings.class(peer),
        ),
        Ground::RecordsLost(share) => format!(
            "unknown: {} of the records were lost, and what was seen without them says nothing serialises the workers; watch again with a larger --ring-bytes, or fewer processes at a time",
            percent(share)
        ),
        Ground::Undetermined(share) => {
            if let Some(Facts::RateLimit(facts)) = conclusion.candidates.first().map(|it| &it.facts)
                && let Throttle::Spaced { peer, .. } = facts.throttle
            {
                return format!(
                    "undetermined (SF {} to {}): the workers wait inside their process for {} of their time, and their requests to {} begin evenly spaced, by a limit in the program or by pauses of one length; vary the number of workers",
                    short(factor.told()[0]),
                    short(factor.told()[1]),
                    percent(share),
                    findings.class(peer),
                );
            }
            let closer = match conclusion.candidates.first().map(|it| &it.facts) {
                Some(Facts::Disk(_)) => {
                    "measure it with a growing number of readers (fio --iodepth)".to_owned()
                }
                Some(Facts::Remote(facts)) => look_closer(findings, Some(facts.site.class)),
                _ => look_closer(findings, None),
            };
            format!(
                "undetermined (SF {} to {}): {} takes {} of the workers' time, and from outside it cannot be told whether it serves them one after the other; vary the number of workers, or {}",
                short(factor.told()[0]),
                short(factor.told()[1]),
                conclusion.verdict.culprit.name,
                percent(share),
                closer,
            ) + &unseen(findings)
        }
        Ground::Unexplained { place, share } => {
            let what = unexplained(findings, place, share);
            format!("unknown: {what}{}", unseen(findings))
        }
    }
}

/// How a peer that is seen from outside alone shows more: on this host it can be watched itself.
fn look_closer(findings: &Findings<'_>, peer: Option<ClassId>) -> String {
    match peer.and_then(|peer| findings.peer_pid(peer)) {
        Some(pid) => format!("see what it waits for itself: holdup attach --pid {pid}"),
        None => "record on the host it runs on".to_owned(),
    }
}

/// Threads that work while more tasks than these are there.
fn beside(findings: &Findings<'_>, tasks: usize) -> String {
    let place = findings
        .beside
        .as_ref()
        .and_then(|beside| beside.places.first());
    let most = place
        .map(|place| {
            format!(
                ", {:.1} of them in {} on average",
                place.mean,
                findings.class(place.class)
            )
        })
        .unwrap_or_default();
    format!(
        "unknown: {} threads do the work, and scale, but their runtime shows {tasks} tasks{most}; where the tasks wait for these threads, more threads are what they lack",
        findings.workers.len()
    )
}

/// Where tasks may wait unseen, what helps.
fn unseen(findings: &Findings<'_>) -> String {
    if findings.is_counted() || findings.unit() != "task" {
        return String::new();
    }
    format!(
        "; where more tasks wait than the {} that were seen, say how many there are with --workers N",
        findings.workers.len()
    )
}

fn named(findings: &Findings<'_>, conclusion: &Conclusion) -> String {
    let clause = conclusion
        .candidates
        .first()
        .map(|candidate| words(findings, candidate).clause)
        .unwrap_or_default();
    format!(
        "{}: {clause}{}",
        scale(findings, conclusion.factor),
        hedge(&conclusion.verdict)
    )
}

/// `64 workers do the work of 1.9 (SF 34)`.
fn scale(findings: &Findings<'_>, factor: Factor) -> String {
    let workers = match findings.headcount() {
        1 => "1 worker does".to_owned(),
        several => format!("{several} workers do"),
    };
    let effective = short(findings.count() / factor.value);
    format!("{workers} the work of {effective} (SF {})", between(factor))
}

fn between(factor: Factor) -> String {
    let [low, high] = factor.told();
    if short(low) == short(high) {
        short(factor.value)
    } else {
        format!(
            "{}, between {} and {}",
            short(factor.value),
            short(low),
            short(high)
        )
    }
}

fn hedge(verdict: &Verdict) -> String {
    if !verdict.alternatives.is_empty() {
        let ids: Vec<&str> = verdict
            .alternatives
            .iter()
            .map(|cause| cause.id())
            .collect();
        return format!(
            " (or {}: not to be told apart from outside)",
            ids.join(", ")
        );
    }
    match verdict.confidence.level {
        Level::Strong | Level::Fair => String::new(),
        Level::Weak => " (not certain)".to_owned(),
    }
}

fn event_loop(findings: &Findings<'_>, in_flight: f64, computing: f64) -> String {
    let carries = match findings.workers.len() {
        1 => "one thread carries".to_owned(),
        several => format!("each of {several} threads carries"),
    };
    let then = if computing > BUSY {
        ": it may be the bottleneck itself"
    } else {
        "; watch the process that answers it, whose threads may show more"
    };
    format!(
        "unknown: {carries} {} requests at a time (an event loop), and what a thread waits for is not what its requests wait for; it computes for {} of the time{then}",
        short(in_flight),
        percent(computing),
    )
}

fn few_items(findings: &Findings<'_>, conclusion: &Conclusion) -> String {
    if findings.inventory.actors.is_empty() {
        return "unknown: the target ended before anything of it was seen; to see it from its first instruction on: holdup run -- CMD".to_owned();
    }
    let advice = if findings.items == 0 {
        "no completed item was seen; watch longer with --duration 60s, or name the item with --item"
    } else {
        "too few items were completed; watch longer with --duration 60s"
    };
    let proved = conclusion
        .candidates
        .iter()
        .filter(|candidate| candidate.lost().proved > 0.0)
        .max_by(|a, b| a.lost().proved.total_cmp(&b.lost().proved));
    let seen = match (proved, findings.sites().first()) {
        (Some(candidate), _) => format!(
            "proved so far: {} ({:.1} s of worker time)",
            words(findings, candidate).clause,
            candidate.lost().proved
        ),
        (None, Some((site, seconds))) => format!(
            "mostly a thread {} ({seconds:.1} s)",
            doing(findings, HolderActivity::Blocked(*site))
        ),
        (None, None) => "no waiting was seen".to_owned(),
    };
    format!("unknown: {advice}; {seen}")
}

/// Where most of the unexplained time is, and the one thing that would tell more.
fn unexplained(findings: &Findings<'_>, place: Place, share: f64) -> String {
    let share = percent(share);
    match place {
        Place::Running | Place::RunQueue => {
            format!("{share} of worker time on or near a CPU is not explained")
        }
        Place::Stopped => format!(
            "a worker is stopped for {share} of its time, by a signal or a debugger; let it go on"
        ),
        Place::NotSeen => format!(
            "for {share} of worker time it is not known what a worker does; watch again, with a larger --ring-bytes if records were lost"
        ),
        Place::Blocked(site) => blocked(findings, site, &share),
    }
}

fn blocked(findings: &Findings<'_>, site: WaitSite, share: &str) -> String {
    let doing = doing(findings, HolderActivity::Blocked(site));
    let begin = format!("a worker {doing} for {share} of its time");
    match site.kind {
        WaitKind::Poll => format!(
            "a worker polls for {share} of its time, and nothing it reads afterwards tells what for: a timer of its event loop, or another thread"
        ),
        WaitKind::Carrier => format!(
            "{begin}, and several threads carry the workers' tasks: see with a profiler what they do"
        ),
        WaitKind::Parked if findings.place(site).is_some() => {
            format!("{begin}, and who lets it go on was not seen")
        }
        WaitKind::Parked => format!(
            "{begin}, for what nothing outside it shows: a timer, a lock, a pool or a queue of its own"
        ),
        WaitKind::Request => format!(
            "{begin}, and from outside it cannot be told whether that peer serves them one after the other; vary the number of workers, or {}",
            look_closer(findings, Some(site.class))
        ),
        WaitKind::Sync => format!(
            "{begin}, and whether syncs wait for each other cannot be told; vary the number of workers"
        ),
        WaitKind::File => format!(
            "{begin}, and whether these wait for each other at a disk cannot be told; see in iostat -x 1 whether it is busy, and vary the number of workers"
        ),
        WaitKind::Futex => format!(
            "{begin}, and who lets it go on was not seen; watch longer with --duration 60s, and name every process that takes part with --pid"
        ),
        WaitKind::FileLock => format!(
            "{begin}, and who holds it was not seen; name every process that takes part with --pid"
        ),
        WaitKind::Connect => format!(
            "{begin}, and whether that is the way there or a listener that has no room cannot be told; see in ss -ltn whether its queue is full"
        ),
        WaitKind::PipeRead | WaitKind::PipeWrite | WaitKind::Service => format!(
            "{begin}, and who is at the other end was not seen; name that process too, with --pid"
        ),
        WaitKind::Child => {
            format!("{begin}, and what that does was not seen; watch it with --comm")
        }
        WaitKind::Fault => {
            format!(
                "{begin}, and whether these wait for each other at a disk cannot be told, and no limit on memory was reached; see in iostat -x 1 whether the device of what is mapped is busy"
            )
        }
        WaitKind::KernelLock | WaitKind::Memory => {
            format!("{begin}, less than that a cause is named for")
        }
        WaitKind::Other => {
            format!("{begin}, and no rule looks at that; see in strace -c -f -p PID which one")
        }
        WaitKind::Sleep => format!("{begin}, and no rule looks at that"),
    }
}
