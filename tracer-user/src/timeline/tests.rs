//! What each thread does when, drawn from small timelines, and scripted workloads against the kernel's own figures.

use super::{Comparison, Gap, KernelComparison, State, Step, Sweep};
use crate::row::{MemorySource, Nanos};
use crate::script;

/// Stretches of one thread: `run 0..3 wait 3..9`.
fn drawn(source: &MemorySource, gaps: &[Gap]) -> (Vec<String>, u64) {
    let mut threads: Vec<(u32, Vec<String>)> = Vec::new();
    let mut listen = |step: Step<'_>| {
        let Step::Change { tid, was, .. } = step else {
            return;
        };
        let name = match was.state {
            State::Absent => return,
            _ if was.end == was.start => return,
            State::Unknown => "?",
            State::Running => "run",
            State::Queued => "queue",
            State::Blocked(_) => "wait",
            State::Stopped => "stop",
        };
        let ms = |at: Nanos| (at - script::at(0)).0 / 1_000_000;
        let text = format!("{name} {}..{}", ms(was.start), ms(was.end));
        match threads.iter_mut().find(|(of, _)| *of == tid.0) {
            Some((_, list)) => list.push(text),
            None => threads.push((tid.0, vec![text])),
        }
    };
    let mut sweep = Sweep::new(source.meta.opened);
    for gap in gaps {
        sweep.gap(*gap);
    }
    sweep.push(source.joined(), &mut listen);
    sweep.finish(source.meta.closed, &mut listen);
    threads.sort_unstable();
    let lines = threads.into_iter().map(|(_, list)| list.join(" "));
    (lines.collect(), sweep.after_end())
}

/// A timeline, and the line of each thread in the order they are mentioned.
fn check(text: &str, expect: &[&str]) {
    let source = script::timeline(text);
    let all = |(from, to): &(Nanos, Nanos)| Gap {
        from: *from,
        to: *to,
        all: true,
    };
    let gaps: Vec<Gap> = source.meta.gaps.iter().map(all).collect();
    assert_eq!(drawn(&source, &gaps).0, expect, "{text}");
}

#[test]
fn every_instant_of_a_thread_is_in_one_state() {
    check(
        "0 A runs; 0 B runs; 3 A waits lock held by B; 9 B wakes A; 9 A queues; 11 A runs; 12 A exits; 20 end",
        &["run 0..3 wait 3..9 queue 9..11 run 11..12", "run 0..20"],
    );
    check(
        "0 A runs; 3 A queues; 5 A runs; 7 A waits sleep; 9 A runs; 9 end",
        &["run 0..3 queue 3..5 run 5..7 wait 7..9"],
    );
}

#[test]
fn a_wait_that_came_in_parts_is_one_and_what_goes_on_is_cut_at_the_end() {
    check(
        "0 A waits lock; 0 B runs; 3500 B wakes A; 3600 A waits lock; 6000 end",
        &["wait 0..3500 run 3500..3600 wait 3600..6000", "run 0..6000"],
    );
}

#[test]
fn the_dead_are_not_revived_by_a_row_that_ends_later() {
    let text = "0 A runs; 3 A waits lock; 12 A exits; 15 A runs; 20 end";
    check(text, &["run 0..3 wait 3..12"]);
    // Its wake-up and its end tell nothing; a call that returned neither.
    assert!(drawn(&script::timeline(text), &[]).1 > 0);
}

#[test]
fn the_dead_are_not_revived_by_a_list_of_threads_that_was_read_before() {
    check("0 A runs; 12 A exits; 13 A seen; 20 end", &["run 0..12"]);
}

#[test]
fn another_thread_may_have_the_number_of_one_that_ended() {
    check(
        "0 A runs; 12 A exits; 14 A born; 16 A waits lock; 20 end",
        &["run 0..12 run 14..16 wait 16..20"],
    );
}

#[test]
fn in_a_damaged_part_nothing_is_known_of_anybody() {
    check(
        "0 A runs; 0 B waits lock; 6 A waits sleep; 8 A runs; 12 A waits sleep; 14 A runs; 14 A wakes B; 20 end\n\
         lost 4..9",
        &[
            "run 0..4 ? 4..12 wait 12..14 run 14..20",
            // Its wait has a row that ends after what is missing; it is known from where it was woken on.
            "wait 0..4 ? 4..14 run 14..20",
        ],
    );
}

#[test]
fn lost_waits_leave_those_unknown_who_seemed_to_run() {
    let source = script::timeline(
        "0 A runs; 0 B waits lock; 6 A waits sleep; 8 A runs; 12 A waits sleep; 14 A runs; 14 A wakes B; 20 end\n\
         lost waits 4..9",
    );
    assert_eq!(source.meta.counters.lost_waits, 1);
    let gap = Gap {
        from: script::at(4),
        to: script::at(9),
        all: false,
    };
    // B's own row says that it waited all the while. A's call tells that it runs at 8, in the middle of the gap.
    let expect = [
        "run 0..4 ? 4..12 wait 12..14 run 14..20",
        "wait 0..14 run 14..20",
    ];
    assert_eq!(drawn(&source, &[gap]).0, expect);
    let blind = ["run 0..12 wait 12..14 run 14..20", "wait 0..14 run 14..20"];
    assert_eq!(drawn(&source, &[]).0, blind);
}

#[test]
fn who_runs_again_while_rows_are_missing_may_wait_again_unseen() {
    let source = script::timeline("0 A runs; 0 B waits lock; 6 A wakes B; 12 B waits lock; 20 end");
    let gap = Gap {
        from: script::at(4),
        to: script::at(9),
        all: false,
    };
    let expect = ["run 0..4 ? 4..20", "wait 0..6 ? 6..12 wait 12..20"];
    assert_eq!(drawn(&source, &[gap]).0, expect);
}

#[test]
fn a_thread_that_is_found_later_is_unknown_until_its_first_row() {
    check(
        "0 A runs; 5 B seen; 8 B waits lock; 9 A wakes B; 12 end",
        &["run 0..12", "? 5..8 wait 8..9 run 9..12"],
    );
}

#[test]
fn a_thread_that_is_met_in_a_row_is_not_known_before_it() {
    check(
        "0 A runs; 8 B waits lock; 9 A wakes B; 12 end",
        &["run 0..12", "wait 8..9 run 9..12"],
    );
}

fn compared(source: &MemorySource) -> KernelComparison {
    let mut comparison = Comparison::default();
    let mut sweep = Sweep::new(source.meta.opened);
    let mut listen = |step: Step<'_>| comparison.observe(&step);
    sweep.push(source.joined(), &mut listen);
    sweep.finish(source.meta.closed, &mut listen);
    comparison.result()
}

/// Everything that a timeline can show: queueing, preemption, locks, peers of this host.
const BUSY: &str = "cpus 2\n\
    window 5s\n\
    peer A serves 2 local\n\
    6 workers: fetch A 3ms+-2ms; compute 9ms+-4ms; lock L held 2ms; every 3 items fsync F 4ms";

#[test]
fn timelines_of_a_workload_are_what_the_kernel_says() {
    let result = compared(&script::workload(BUSY));
    assert_eq!(result.threads, 12);
    assert_eq!(result.worst(), Some(0.0), "{result:?}");
}

#[test]
fn rows_that_are_missing_show_against_the_kernel() {
    let mut source = script::workload(BUSY);
    let mut index = 0;
    source.batches[0].waits.retain(|_| {
        index += 1;
        index % 10 != 0
    });
    let result = compared(&source);
    assert!((result.switches - 0.1).abs() < 0.01, "{result:?}");
    assert!(result.run > 0.01, "{result:?}");
}

#[test]
fn no_more_threads_run_than_there_are_cpus() {
    let source = script::workload(BUSY);
    let mut run = Nanos::ZERO;
    let mut listen = |step: Step<'_>| {
        if let Step::Change { was, .. } = step
            && was.state == State::Running
        {
            run += was.length();
        }
    };
    let mut sweep = Sweep::new(source.meta.opened);
    sweep.push(source.joined(), &mut listen);
    sweep.finish(source.meta.closed, &mut listen);
    let cpus = run.seconds() / source.meta.window().seconds();
    assert!((1.8..=2.0).contains(&cpus), "{cpus} of 2 CPUs");
}
