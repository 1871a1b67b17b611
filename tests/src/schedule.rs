//! Which runs go beside each other: those that leave the CPUs and the disk to others share the host, the rest have it for themselves.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use holdup::cause::Cause;

use crate::draw::Draw;
use crate::judge::Row;
use crate::plan::Case;
use crate::workshop::Workshop;

/// A case with its seed.
pub type Job<'a> = (&'a Case, u64);

/// Whether the truth of `cause` holds only while nobody else uses the CPUs or the disk.
#[must_use]
pub fn needs_the_host(cause: Cause) -> bool {
    match cause {
        Cause::InterpreterLock
        | Cause::FileLock
        | Cause::Checkpoint
        | Cause::Fsync
        | Cause::Disk
        | Cause::Quota
        | Cause::KernelLock
        | Cause::Memory
        | Cause::SingleThread
        | Cause::Spin
        | Cause::Cpu
        | Cause::CpuInflation
        | Cause::Imbalance
        | Cause::RuntimePause
        | Cause::Unknown => true,
        Cause::UserLock
        | Cause::RemoteSerial
        | Cause::Pool
        | Cause::RateLimit
        | Cause::Network
        | Cause::Starved
        | Cause::None => false,
    }
}

/// Whether that is so of the cause of a job, or of what it may be called as well: a process that is held up by its own interpreter is a peer
/// that serves one at a time, and lacks its CPU all the same.
fn runs_alone((case, seed): Job<'_>) -> bool {
    let plan = (case.plan)(&mut Draw::new(case.name, seed));
    needs_the_host(case.cause) || plan.or.is_some_and(needs_the_host)
}

/// Runs each of `jobs` by `run`, so many beside each other of those that bear it, each lane with a workshop of its own. After each of them
/// `told` gets the rows there are. Rows are in the order of the jobs.
///
/// # Errors
/// There is no place for a workshop.
pub fn run(
    jobs: &[Job<'_>],
    lanes: NonZero<usize>,
    run: impl Fn(&mut Workshop, Job<'_>) -> Row + Sync,
    told: impl Fn(&[Row]) + Sync,
) -> std::io::Result<Vec<Row>> {
    let mut workshops: Vec<Workshop> = (0..lanes.get())
        .map(|_| Workshop::open())
        .collect::<Result<_, _>>()?;
    let rows: Mutex<BTreeMap<usize, Row>> = Mutex::default();
    let one = |workshop: &mut Workshop, job: usize| {
        let row = run(workshop, jobs[job]);
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.insert(job, row);
        told(&rows.values().cloned().collect::<Vec<_>>());
    };
    let (alone, beside): (Vec<usize>, Vec<usize>) =
        (0..jobs.len()).partition(|job| runs_alone(jobs[*job]));
    side_by_side(&beside, &mut workshops, one);
    side_by_side(&alone, &mut workshops[..1], one);
    let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(rows.into_values().collect())
}

/// Does each of `jobs` with whichever of `tools` is free.
fn side_by_side<T: Send>(jobs: &[usize], tools: &mut [T], work: impl Fn(&mut T, usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for tool in tools {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(tool, *job);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_job_is_done_once_and_lanes_work_beside_each_other() {
        let both = Barrier::new(2);
        let mut tools = [(), ()];
        let done = Mutex::new(Vec::new());
        side_by_side(&[4, 0, 3, 9], &mut tools, |(), job| {
            // Would never return in one lane.
            both.wait();
            done.lock().unwrap().push(job);
        });
        let mut done = done.into_inner().unwrap();
        done.sort_unstable();
        assert_eq!(done, [0, 3, 4, 9]);
    }

    #[test]
    fn what_needs_the_host_runs_alone_and_rows_keep_their_order() {
        let cases = crate::cases::all();
        let jobs: Vec<Job<'_>> = cases.iter().map(|case| (case, 1)).collect();
        let under_way = AtomicUsize::new(0);
        let one = |_: &mut Workshop, (case, seed): Job<'_>| {
            let others = under_way.fetch_add(1, Ordering::SeqCst);
            assert!(others == 0 || !runs_alone((case, seed)), "{}", case.name);
            // Long enough for another lane to come in between, where there is one.
            thread::sleep(Duration::from_millis(1));
            under_way.fetch_sub(1, Ordering::SeqCst);
            Row {
                case: case.name.to_owned(),
                seed,
                ..Row::default()
            }
        };
        let most_told = AtomicUsize::new(0);
        let told = |rows: &[Row]| {
            most_told.fetch_max(rows.len(), Ordering::SeqCst);
        };
        let rows = run(&jobs, NonZero::new(2).unwrap(), one, told).unwrap();
        assert_eq!(most_told.into_inner(), jobs.len());
        let names: Vec<&str> = rows.iter().map(|row| row.case.as_str()).collect();
        let wanted: Vec<&str> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names, wanted);
    }
}
