//! The sweep against all marks in one sorted list.

use super::{Batch, Call, Nanos, Phase, Pid, State, Step, Sweep, Task, Threads, Tid, Wait};
use crate::row::{TaskFact, TaskRole};

/// Rows of six threads with coarse times, so that many things happen at once; each thread's own never overlap.
fn rows(seed: u64) -> Batch {
    let mut state = seed;
    let mut dice = |limit: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % limit
    };
    let mut batch = Batch::default();
    for thread in 1..=6 {
        let (tid, pid) = (Tid(thread), Pid(1));
        let mut now = 1_000 + dice(20) * 10;
        for seq in 0..200 {
            let start = now + dice(4) * 10;
            let woken = start + dice(3) * 10;
            let end = woken + dice(3) * 10;
            batch.waits.push(Wait {
                tid,
                pid,
                start: Nanos(start),
                woken: Nanos(if dice(4) == 0 { 0 } else { woken }),
                end: Nanos(end),
                op: seq,
                continues: dice(9) == 0,
                ..Wait::default()
            });
            batch.calls.push(Call {
                tid,
                pid,
                seq,
                end: Nanos(end + dice(2) * 10),
                ..Call::default()
            });
            now = end + 10;
        }
        batch.tasks.push(Task {
            tid,
            pid,
            end: Nanos(now + dice(2) * 10),
            fact: TaskFact::Exited,
            role: TaskRole::Target,
            ..Task::default()
        });
    }
    batch.waits.sort_by_key(|row| row.end);
    batch.calls.sort_by_key(|row| row.end);
    batch.tasks.sort_by_key(|row| row.end);
    batch
}

/// All marks of all rows in one list, sorted.
fn plainly(batch: &Batch, opened: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
    let mut order: Vec<(Nanos, u8, usize)> = Vec::new();
    order.extend(
        batch
            .tasks
            .iter()
            .zip(0..)
            .map(|(row, at)| (row.end, 0, at)),
    );
    order.extend(
        batch
            .waits
            .iter()
            .zip(0..)
            .map(|(row, at)| (row.end, 1, at)),
    );
    order.extend(
        batch
            .calls
            .iter()
            .zip(0..)
            .map(|(row, at)| (row.end, 2, at)),
    );
    order.sort_unstable();
    let mut marks = Vec::new();
    for (number, (end, table, at)) in order.into_iter().enumerate() {
        let wait = batch.waits.get(at).filter(|_| table == 1);
        if wait.is_some_and(|wait| wait.end <= opened) {
            continue;
        }
        if let Some(wait) = wait {
            let start = wait.start.max(opened);
            marks.push((start, number, Phase::Begins as u8, table, at));
            if wait.woken > Nanos::ZERO {
                marks.push((wait.woken.max(start), number, Phase::Woken as u8, table, at));
            }
        }
        marks.push((end.max(opened), number, Phase::Ends as u8, table, at));
    }
    marks.sort_unstable();
    let mut threads = Threads::new(opened);
    for (at, _, phase, table, row) in marks {
        match (table, phase) {
            (0, _) => threads.life(&batch.tasks[row], at, listen),
            (1, 0) => threads.phase(&batch.waits[row], Phase::Begins, at, listen),
            (1, 1) => threads.phase(&batch.waits[row], Phase::Woken, at, listen),
            (1, _) => threads.phase(&batch.waits[row], Phase::Ends, at, listen),
            _ => {
                let call = &batch.calls[row];
                threads.called(call.tid, call.pid, at, listen);
                listen(Step::Call(call));
            }
        }
    }
    threads.close(end_of(batch), listen);
}

fn end_of(batch: &Batch) -> Nanos {
    Nanos(batch.tasks.last().map_or(0, |task| task.end.0) + 100)
}

fn swept(rows: &Batch, opened: Nanos, pieces: u64) -> Vec<String> {
    let mut steps = Vec::new();
    let mut listen = |step: Step<'_>| steps.push(format!("{step:?}"));
    let mut sweep = Sweep::new(opened);
    sweep.lookahead = Nanos(60);
    let mut rest = rows.clone();
    let last = end_of(rows).0;
    for piece in 1..=pieces {
        let until = Nanos(1_000 + (last - 1_000) * piece / pieces);
        let mut cut = Batch {
            watermark: until,
            ..Batch::default()
        };
        let at = rest.waits.partition_point(|row| row.end <= until);
        cut.waits = rest.waits.drain(..at).collect();
        let at = rest.calls.partition_point(|row| row.end <= until);
        cut.calls = rest.calls.drain(..at).collect();
        let at = rest.tasks.partition_point(|row| row.end <= until);
        cut.tasks = rest.tasks.drain(..at).collect();
        sweep.push(cut, &mut listen);
    }
    sweep.finish(Nanos(last), &mut listen);
    assert_eq!(sweep.late(), Nanos::ZERO);
    steps
}

#[test]
fn steps_come_in_order_of_time_and_rows_however_the_rows_are_cut() {
    for seed in 1..=20 {
        let rows = rows(seed);
        for opened in [Nanos(900), Nanos(2_500)] {
            let mut expected = Vec::new();
            plainly(&rows, opened, &mut |step| {
                expected.push(format!("{step:?}"))
            });
            assert!(expected.len() > 1_500, "{}", expected.len());
            for pieces in [1, 2, 7, 100] {
                let steps = swept(&rows, opened, pieces);
                if let Some(at) = (0..steps.len().max(expected.len()))
                    .find(|at| steps.get(*at) != expected.get(*at))
                {
                    panic!(
                        "seed {seed}, {pieces} pieces, step {at}: {:?}, not {:?}",
                        steps.get(at),
                        expected.get(at)
                    );
                }
            }
        }
    }
}

#[test]
fn what_goes_on_at_the_end_is_cut_there_and_late_time_is_counted() {
    let wait = |start, end| Wait {
        tid: Tid(5),
        pid: Pid(5),
        start: Nanos(start),
        end: Nanos(end),
        ..Wait::default()
    };
    let mut states = Vec::new();
    let mut listen = |step: Step<'_>| {
        if let Step::Change { was, .. } = step {
            states.push((was.start.0, was.end.0, was.state != State::Running));
        }
    };
    let mut sweep = Sweep::new(Nanos(100));
    sweep.lookahead = Nanos(50);
    let batch = |watermark, waits| Batch {
        watermark: Nanos(watermark),
        waits,
        ..Batch::default()
    };
    sweep.push(batch(300, vec![wait(150, 200)]), &mut listen);
    // Began before what is certain by now.
    sweep.push(batch(400, vec![wait(180, 350)]), &mut listen);
    sweep.push(batch(500, vec![wait(380, 480)]), &mut listen);
    sweep.finish(Nanos(450), &mut listen);
    assert_eq!(sweep.late(), Nanos(20));
    assert_eq!(
        states,
        [
            (150, 150, true),
            (150, 150, false),
            (150, 200, true),
            (200, 200, false),
            (200, 350, true),
            (350, 380, false),
            (380, 450, true)
        ]
    );
}
