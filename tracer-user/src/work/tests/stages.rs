//! Which stage time belongs to.

use super::super::StageName::{Fetch, Other, Transform, Write};
use super::Work;
use crate::classify::WaitKind;

/// Seconds of one worker in ten that it spends blocked there.
fn check(text: &str, stage: super::StageName, kind: WaitKind, share: f64) -> Work {
    let work = Work::of(text);
    let seconds = work.blocked(stage, kind) / work.workers.len() as f64;
    let found = seconds / work.window.seconds();
    assert!(
        (found - share).abs() < 0.01,
        "{found} of the time in {stage:?}, not {share}: {text}\n{:?}",
        work.workers.values().next()
    );
    work
}

#[test]
fn requests_belong_to_stages_by_verb_and_bytes() {
    let text = "2 workers: fetch A 6ms; write B 4ms";
    check(text, Fetch, WaitKind::Request, 0.6);
    check(text, Write, WaitKind::Request, 0.4);
    let text = "2 workers: select D 6ms; insert D 4ms";
    check(text, Fetch, WaitKind::Request, 0.6);
    check(text, Write, WaitKind::Request, 0.4);
}

#[test]
fn what_frames_statements_belongs_to_them() {
    let text = "2 workers: fetch A 4ms; begin D 2ms; compute 1ms; insert D 3ms";
    let work = check(text, Write, WaitKind::Request, 0.5);
    let run = work.stage(Write).run.seconds() / 2.0;
    assert!((run / work.window.seconds() - 0.1).abs() < 0.01, "{run}");
    // What comes after them and leads elsewhere ends them.
    let text = "2 workers: fetch A 4ms; insert D 3ms; begin D 2ms; compute 1ms";
    let work = check(text, Write, WaitKind::Request, 0.5);
    let run = work.stage(Fetch).run.seconds() / 2.0;
    assert!((run / work.window.seconds() - 0.1).abs() < 0.01, "{run}");
    // What is computed before statements elsewhere is not theirs.
    let text = "2 workers: fetch A 4ms; begin D 2ms; compute 1ms; write B 3ms";
    let work = check(text, Write, WaitKind::Request, 0.5);
    let run = work.stage(Transform).run.seconds() / 2.0;
    assert!((run / work.window.seconds() - 0.1).abs() < 0.01, "{run}");
}

#[test]
fn a_file_that_is_written_too_is_read_to_write_it() {
    let text = "2 workers: read in 6ms; fsync out 4ms";
    check(text, Fetch, WaitKind::File, 0.6);
    let text = "2 workers: fetch A 5ms; read out 3ms; append out; fsync out 2ms";
    check(text, Write, WaitKind::File, 0.3);
}

#[test]
fn a_section_between_fetch_and_write_is_transform() {
    let text = "4 workers: fetch A 5ms; lock L held 10ms sleeping; write B 5ms";
    check(text, Fetch, WaitKind::Request, 0.125);
    check(text, Write, WaitKind::Request, 0.125);
    check(text, Transform, WaitKind::Futex, 0.5);
    check(text, Transform, WaitKind::Sleep, 0.25);
}

#[test]
fn what_is_fetched_under_a_lock_takes_the_wait_for_it_along() {
    let work = Work::of("4 workers: lock L held 10ms fetching A; append F");
    let futex = work.blocked(Fetch, WaitKind::Futex) / 4.0;
    assert!(
        (futex / work.window.seconds() - 0.75).abs() < 0.02,
        "{futex}"
    );
}

#[test]
fn computing_between_fetch_and_write_is_transform() {
    let work = Work::of("2 workers: fetch A 5ms; compute 3ms; write B 2ms");
    let run = work.stage(Transform).run.seconds() / 2.0;
    assert!((run / work.window.seconds() - 0.3).abs() < 0.01, "{run}");
    let fetch = work.stage(Fetch).run.seconds();
    assert!(fetch < 0.2, "{fetch}");
}

#[test]
fn a_sleep_belongs_to_the_operation_before_it() {
    let text = "2 workers: fetch A 4ms; append F; sleep 6ms";
    check(text, Write, WaitKind::Sleep, 0.6);
    // A call that sleeps while it works on what was fetched.
    let text = "2 workers: fetch A 4ms; sleep 4ms; write B 2ms";
    check(text, Transform, WaitKind::Sleep, 0.4);
    // Who was refused sleeps within its fetch.
    let refused = Work::of("peer A refuses 50%\n4 workers: fetch A 20ms; append F");
    let all = refused.blocked(Fetch, WaitKind::Sleep);
    assert!(all > 25.0, "{all}");
    assert!(refused.blocked(Write, WaitKind::Sleep) < 0.5);
}

#[test]
fn work_of_no_known_stage_computes_and_coordinates() {
    let work = Work::of("4 workers: compute 1ms; lock L held 9ms");
    assert!(work.blocked(Other, WaitKind::Futex) > 25.0);
    assert!(work.stage(Transform).run.seconds() > 0.5);
}

#[test]
fn a_pipe_is_read_from_to_fetch_and_written_to_to_write() {
    check("1 worker: pipe P read 10ms", Fetch, WaitKind::PipeRead, 1.0);
    check(
        "1 worker: pipe P write 10ms",
        Write,
        WaitKind::PipeWrite,
        1.0,
    );
}

#[test]
fn what_a_worker_is_about_as_the_window_opens_belongs_where_it_mostly_does() {
    // A window of four items or so: each worker is found computing, or sleeping, before its first write.
    let work = Work::of(
        "cpus 8\nwindow 450ms\n4 workers: fetch A 5ms; compute 60ms; lock L held 20ms; write B 5ms",
    );
    let written = work.stage(Write);
    assert!(written.run.seconds() < 0.01, "{written:?}");
    let locked = work.blocked(Write, WaitKind::Futex) + work.blocked(Write, WaitKind::Sleep);
    assert!(locked < 0.01, "{locked}");
}

#[test]
fn what_frames_a_transaction_belongs_to_what_it_is_done_for() {
    let text = "2 workers: fetch A 5ms; begin D 3ms; insert D 2ms";
    let work = check(text, Fetch, WaitKind::Request, 0.5);
    let written = work.blocked(Write, WaitKind::Request) / 2.0 / work.window.seconds();
    assert!((written - 0.5).abs() < 0.02, "{written}");
}
