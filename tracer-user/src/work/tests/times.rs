//! No nanosecond is lost or made.

use super::super::StageName;
use super::{Recorded, Work};
use crate::classify::State;
use crate::row::{MemorySource, Nanos};
use crate::script;

/// Of everything something.
const ALL: &str = "cpus 2\n\
    window 40s\n\
    6 workers: fetch A 300ms+-200ms; compute 3ms; lock L held 20ms; every 3 items fsync F 40ms; write B 30ms\n\
    children 5/s: read /lib/libc.so 2ms\n\
    1 helper: sleep 100ms; flock G held 3ms polling 1ms";

#[test]
fn the_stages_of_a_worker_are_its_life() {
    let work = Work::of(ALL);
    assert_eq!(work.workers.len(), 6);
    for (id, worker) in &work.workers {
        let stages: Nanos = worker
            .stages
            .values()
            .map(|stage| stage.times.total())
            .sum();
        assert_eq!((stages, worker.lived), (work.window, work.window), "{id}");
    }
}

#[test]
fn the_blocks_of_the_window_are_the_lives_of_all_actors() {
    let recorded = Recorded::of(&script::workload(ALL));
    let blocks = recorded.recorder.blocks.all();
    assert!(blocks.len() > 30);
    for (id, index, account) in recorded.recorder.accounts.sorted() {
        let of = |block: &super::super::Block| -> Nanos {
            let own = block.times.iter().filter(|((of, _), _)| *of == index);
            own.map(|(_, time)| *time).sum()
        };
        let sum: Nanos = blocks.iter().map(of).sum();
        assert_eq!(sum, account.lived, "{id}");
        let longest = blocks.iter().map(of).max();
        assert!(longest <= Some(recorded.recorder.blocks.length()), "{id}");
    }
}

#[test]
fn what_is_done_in_blocks_is_done_in_all() {
    let recorded = Recorded::of(&script::workload(ALL));
    let inventory = recorded.inventory();
    let mut in_blocks = std::collections::BTreeMap::new();
    for (operation, count) in recorded
        .recorder
        .blocks
        .all()
        .iter()
        .flat_map(|block| &block.done)
    {
        *in_blocks.entry(*operation).or_insert(0) += count;
    }
    let mut in_all = std::collections::BTreeMap::new();
    for (operation, count) in inventory
        .actors
        .values()
        .flat_map(|actor| &actor.account.done)
    {
        *in_all.entry(*operation).or_insert(0) += count;
    }
    assert_eq!(in_blocks, in_all);
}

/// Rows up to `at`, and a window that closes there.
fn cut(source: &MemorySource, at: Nanos) -> MemorySource {
    let mut cut = script::in_batches(source, 100);
    cut.batches.retain(|batch| batch.watermark <= at);
    cut.meta.closed = at;
    cut
}

#[test]
fn a_look_in_the_middle_is_what_a_window_that_ends_there_gives() {
    let source = script::workload(
        "window 10s\n4 workers: fetch A 300ms+-100ms; lock L held 20ms; write B 30ms",
    );
    let middle = Nanos(source.meta.opened.0 + 5_000_000_000);
    let whole = Recorded::of(&cut(&source, middle));
    // The same rows and more, recorded only as far as the sweep goes.
    let mut recorder = super::Recorder::new(source.meta.opened, Vec::new());
    let source = script::in_batches(&source, 100);
    let classifier = super::replay(&source, &mut |event, classifier| {
        let at = match &event {
            crate::classify::Event::Change { was, .. } => was.end,
            crate::classify::Event::Call(call) => call.call.end,
            crate::classify::Event::Task(task) => task.end,
            crate::classify::Event::Join(at, _) => *at,
            crate::classify::Event::Asked(..) => unreachable!("the classifier gives none"),
        };
        if at <= middle {
            recorder.record(&super::of_thread(event), classifier);
        }
    });
    for (id, _, account) in whole.recorder.accounts.sorted() {
        let ended = whole.recorder.slots_at(account, middle, &whole.classifier);
        let open = recorder.accounts.get(id).expect("the same actors");
        let open = recorder.slots_at(open, middle, &classifier);
        assert_eq!(open.total(), Nanos(5_000_000_000), "{id}");
        assert_eq!(ended.total(), open.total(), "{id}");
        assert_eq!(ended.transitions.len(), open.transitions.len(), "{id}");
    }
}

#[test]
fn time_in_which_rows_are_missing_is_not_known() {
    let mut source = script::workload("window 10s\n2 workers: fetch A 6ms; compute 4ms; append F");
    let from = Nanos(source.meta.opened.0 + 4_000_000_000);
    let to = Nanos(from.0 + 2_000_000_000);
    let batch = &mut source.batches[0];
    batch.waits.retain(|row| row.end <= from || row.end > to);
    batch.calls.retain(|row| row.end <= from || row.end > to);
    source.meta.gaps.push((from, to));
    let work = Work::in_trace(&source);
    let names = [
        StageName::Fetch,
        StageName::Transform,
        StageName::Write,
        StageName::Other,
    ];
    let unknown: Nanos = names.iter().map(|name| work.stage(*name).unknown).sum();
    assert!((unknown.seconds() - 4.0).abs() < 0.05, "{unknown:?}");
    let run: Nanos = names.iter().map(|name| work.stage(*name).run).sum();
    assert!((run.seconds() - 0.4 * 16.0).abs() < 0.1, "{run:?}");
}

#[test]
fn what_the_blocks_hold_is_known_by_state() {
    let recorded = Recorded::of(&script::workload(
        "window 4s\n1 worker: fetch A 6ms; compute 4ms",
    ));
    let blocks = recorded.recorder.blocks.all();
    let run = |block: &super::super::Block| -> f64 {
        let run = block
            .times
            .iter()
            .filter(|((_, state), _)| *state == State::Running);
        run.map(|(_, time)| time.seconds()).sum()
    };
    for block in &blocks[..7] {
        assert!((run(block) - 0.2).abs() < 0.01, "{}", run(block));
    }
}
