//! What the kernel itself counts of each thread (schedstat and context switches), with which the times of a trace are compared.
//!
//! In: processes. Out: one [`Task`] row a thread, with [`TaskFact::SchedStatOpened`] or [`TaskFact::SchedStatClosed`]. A thread
//! or process that vanishes meanwhile has no row.
//!
//! How exact: `schedstat` prints `se.sum_exec_runtime` and `sched_info.run_delay` as they stand (`proc_pid_schedstat`,
//! fs/proc/base.c, 6.18), without bringing a running thread up to date. So run time of a thread that runs while it is
//! read is behind by up to one scheduler tick (4 ms at 250 Hz), and run delay lacks the queueing under way; both are exact
//! for a thread that sleeps. Where the kernel accounts for stolen or interrupt time, run time excludes it. The time of the
//! row is taken between opening and reading `schedstat`, a microsecond before the figures; the switches are read some
//! microseconds later, so a thread may have switched once in between.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::capture::clock;
use crate::row::{Nanos, Pid, SchedStat, Task, TaskFact, Tid};

/// Most bytes that are read of `/proc/PID/task/TID/status`. The switches stand in its last lines, within some 1,500 bytes.
const STATUS_BYTES: usize = 8192;

/// Reads the figures of all threads of `pids` now. `fact` says whether the window opens or closes.
#[must_use]
pub fn read(pids: &[Pid], fact: TaskFact) -> Vec<Task> {
    let mut rows = Vec::new();
    let mut buffer = vec![0; STATUS_BYTES];
    for pid in pids {
        let folder = format!("/proc/{pid}/task");
        let Ok(threads) = std::fs::read_dir(&folder) else {
            continue;
        };
        let tids = threads
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        rows.extend(tids.filter_map(|tid| {
            let (end, schedstat) = read_thread(Path::new(&format!("{folder}/{tid}")), &mut buffer)?;
            Some(Task {
                end,
                tid: Tid(tid),
                pid: *pid,
                fact,
                schedstat,
                ..Task::default()
            })
        }));
    }
    rows
}

/// The figures of the thread whose `/proc` folder this is, and when they were read.
fn read_thread(folder: &Path, buffer: &mut [u8]) -> Option<(Nanos, SchedStat)> {
    let mut file = File::open(folder.join("schedstat")).ok()?;
    let end = clock::monotonic();
    let (run, delay) = parse_schedstat(fill(&mut file, buffer)?)?;
    let mut file = File::open(folder.join("status")).ok()?;
    let (voluntary, involuntary) = parse_status(fill(&mut file, buffer)?)?;
    Some((
        end,
        SchedStat {
            run,
            delay,
            voluntary,
            involuntary,
        },
    ))
}

/// Reads a file of `/proc` by one system call, which gives small files whole.
fn fill<'a>(file: &mut File, buffer: &'a mut [u8]) -> Option<&'a str> {
    let len = file.read(buffer).ok()?;
    // A thread's name in `status` need not be UTF-8, the figures behind it are.
    let figures = buffer[..len]
        .iter()
        .rposition(|byte| !byte.is_ascii())
        .map_or(0, |at| at + 1);
    std::str::from_utf8(&buffer[figures..len]).ok()
}

/// Parses `RUN DELAY SLICES`, the first two in nanoseconds.
fn parse_schedstat(text: &str) -> Option<(Nanos, Nanos)> {
    let mut figures = text.split_ascii_whitespace().map(str::parse);
    Some((Nanos(figures.next()?.ok()?), Nanos(figures.next()?.ok()?)))
}

/// Parses voluntary and involuntary switches, which are the last two lines.
fn parse_status(text: &str) -> Option<(u64, u64)> {
    let figure = |name: &str| {
        let line = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    };
    Some((
        figure("voluntary_ctxt_switches:")?,
        figure("nonvoluntary_ctxt_switches:")?,
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse_schedstat, parse_status, read};
    use crate::row::{Nanos, Pid, TaskFact};

    #[test]
    fn schedstat() {
        assert_eq!(
            parse_schedstat("1714 3290 2\n"),
            Some((Nanos(1714), Nanos(3290)))
        );
        assert_eq!(parse_schedstat("1714"), None);
        assert_eq!(parse_schedstat("a b c"), None);
    }

    #[test]
    fn status() {
        let text = "Name:\tcat\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(parse_status(text), Some((12, 3)));
        assert_eq!(parse_status("Name:\tcat\n"), None);
    }

    #[test]
    fn a_sleeping_thread_shows_in_its_schedstat() {
        let pid = Pid(std::process::id());
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let sleeper = std::thread::spawn(move || {
            // The name of a thread in /proc/thread-self ends in its tid.
            tell.send(std::fs::read_link("/proc/thread-self").unwrap())
                .unwrap();
            for _ in 0..5 {
                std::thread::sleep(Duration::from_millis(1));
            }
            stopped.recv().unwrap_err();
        });
        let tid: u32 = told
            .recv()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let of =
            |rows: &[crate::row::Task]| rows.iter().find(|row| row.tid.0 == tid).unwrap().clone();
        let opened = of(&read(&[pid], TaskFact::SchedStatOpened));
        std::thread::sleep(Duration::from_millis(60));
        let closed = of(&read(&[pid], TaskFact::SchedStatClosed));
        drop(stop);
        sleeper.join().unwrap();

        assert_eq!(
            (opened.fact, closed.fact),
            (TaskFact::SchedStatOpened, TaskFact::SchedStatClosed)
        );
        assert!(closed.end.since(opened.end) >= Nanos(60_000_000));
        assert!(
            closed.schedstat.voluntary > opened.schedstat.voluntary,
            "{opened:?} {closed:?}"
        );
        assert!(closed.schedstat.run > opened.schedstat.run);
        // It slept nearly all the time: running and queueing cannot be more than the window.
        let spent = closed.schedstat.run.since(opened.schedstat.run)
            + closed.schedstat.delay.since(opened.schedstat.delay);
        assert!(spent <= closed.end.since(opened.end), "{spent:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_absent() {
        assert!(read(&[Pid(0x7fff_fff0)], TaskFact::SchedStatOpened).is_empty());
    }
}
