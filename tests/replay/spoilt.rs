//! Every figure by which a report vouches for itself differs between a good trace and a spoilt one.

use holdup::analyse::{Options, analyse};
use holdup::diagnose::Level;
use holdup::report::Report;
use holdup::row::{Batch, MemorySource, Nanos, RowSource as _, TaskRole, Tid};
use holdup::trace::Reader;

/// The recording that the README shows.
fn good() -> MemorySource {
    let path = super::root().join("tracer-user/demo/goldsky.holdup");
    let reader = Reader::open(&path).expect("the recording of the demo");
    let batches = reader.batches().map(|batch| batch.expect("a sound batch"));
    MemorySource::new(reader.meta().clone(), batches.collect())
}

fn report(source: &MemorySource) -> Report {
    let analysis = analyse(source, &Options::default()).expect("rows in memory can be read");
    analysis.report
}

fn each_batch(source: &mut MemorySource, spoil: impl FnMut(&mut Batch)) {
    source.batches.iter_mut().for_each(spoil);
}

/// A worker: the thread of the target that calls most. The first thread may only wait.
fn worker(source: &MemorySource) -> Tid {
    let all = source.joined();
    let targets = all
        .tasks
        .iter()
        .filter(|task| task.role == TaskRole::Target);
    let calls = |tid: &Tid| all.calls.iter().filter(|call| call.tid == *tid).count();
    targets
        .map(|task| task.tid)
        .max_by_key(calls)
        .expect("a worker")
}

fn middle(source: &MemorySource) -> Nanos {
    Nanos(source.meta.opened.0.midpoint(source.meta.closed.0))
}

#[test]
fn a_good_trace_vouches_for_itself() {
    let report = report(&good());
    let coverage = &report.coverage;
    assert!(
        coverage.kernel_difference.is_some_and(|off| off < 0.01),
        "{coverage:?}"
    );
    assert_eq!(coverage.unknown_time_share, 0.0);
    assert!(report.unexplained_share < 0.05, "{report:?}");
    assert_eq!(report.verdict.confidence_level, Level::Strong);
}

#[test]
fn waits_that_are_missing_show_in_the_kernels_own_figures() {
    let mut source = good();
    let before = report(&source);
    let mut index = 0;
    each_batch(&mut source, |batch| {
        batch.waits.retain(|_| {
            index += 1;
            index % 5 != 0
        });
    });
    let after = report(&source);
    let off = after.coverage.kernel_difference.expect("compared");
    assert!(off > 0.1, "{off}");
    assert!(after.verdict.confidence < before.verdict.confidence);
    assert_ne!(after.verdict.confidence_level, Level::Strong);
}

#[test]
fn a_clock_that_jumps_shows_in_the_kernels_own_figures() {
    const JUMP: Nanos = Nanos(3_000_000_000);
    let mut source = good();
    let before = report(&source).coverage.kernel_difference;
    let jump_at = middle(&source);
    let shift = |time: &mut Nanos| {
        if *time > jump_at {
            *time += JUMP;
        }
    };
    each_batch(&mut source, |batch| {
        for wait in &mut batch.waits {
            for time in [&mut wait.start, &mut wait.woken, &mut wait.end] {
                shift(time);
            }
        }
        for call in &mut batch.calls {
            for time in [&mut call.start, &mut call.end] {
                shift(time);
            }
        }
        shift(&mut batch.watermark);
    });
    // Waits that were under way when it jumped come in parts: the part after the jump begins later.
    let mut cut = false;
    each_batch(&mut source, |batch| {
        for wait in &mut batch.waits {
            if wait.start <= jump_at && wait.end > jump_at {
                wait.start = wait.end;
                cut = true;
            }
        }
    });
    assert!(cut);
    let after = report(&source).coverage.kernel_difference;
    assert!(after > before.map(|off| off + 0.02), "{before:?} {after:?}");
}

#[test]
fn a_thread_that_is_left_out_shows_in_the_kernels_own_figures() {
    let mut source = good();
    let before = report(&source).coverage.kernel_difference;
    let tid = worker(&source);
    each_batch(&mut source, |batch| {
        batch.waits.retain(|wait| wait.tid != tid);
        batch.calls.retain(|call| call.tid != tid);
    });
    let after = report(&source);
    let with_it = after.coverage.kernel_difference;
    assert!(
        with_it > before.map(|off| off + 0.01),
        "{before:?}, {with_it:?} without {tid:?}"
    );
}

#[test]
fn a_part_that_is_missing_is_time_that_is_not_known() {
    let mut source = good();
    let before = report(&source);
    let from = middle(&source);
    let to = from + Nanos(8_000_000_000);
    each_batch(&mut source, |batch| {
        batch.waits.retain(|row| row.end <= from || row.end > to);
        batch.calls.retain(|row| row.end <= from || row.end > to);
    });
    source.meta.gaps = vec![(from, to)];
    let after = report(&source);
    let unknown = after.coverage.unknown_time_share;
    assert!((0.1..0.3).contains(&unknown), "{unknown}");
    assert!(after.verdict.confidence < before.verdict.confidence);
    assert_ne!(after.verdict.confidence_level, Level::Strong);
    assert!(after.unexplained_share > before.unexplained_share + 0.1);
}

#[test]
fn a_peer_that_is_not_seen_from_inside_leaves_open_what_it_does() {
    let mut source = good();
    let before = report(&source);
    let peers: Vec<Tid> = source
        .joined()
        .tasks
        .iter()
        .filter(|task| task.role == TaskRole::Peer)
        .map(|task| task.tid)
        .collect();
    assert!(!peers.is_empty());
    each_batch(&mut source, |batch| {
        batch.waits.retain(|row| !peers.contains(&row.tid));
        batch.calls.retain(|row| !peers.contains(&row.tid));
        batch.tasks.retain(|row| !peers.contains(&row.tid));
    });
    let after = report(&source);
    assert!(after.verdict.confidence < before.verdict.confidence);
    assert_ne!(after.verdict.confidence_level, Level::Strong);
}
