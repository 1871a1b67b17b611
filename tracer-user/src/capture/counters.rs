//! Counters of all workers together, through `perf_event`: how much they computed, switched and faulted.
//!
//! In: threads. Out: totals by name over the time from [`Counters::open`] to [`Counters::totals`], and a sentence on each
//! counter that this host or its limits refuse. Threads and processes born later by a watched one are counted with it
//! (`inherit`). A counter is given for all threads or not at all: a total over half the workers would mislead.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use perf_event::events::{Event, Hardware, Software};
use perf_event::{Builder, Counter};

use crate::row::Tid;

/// What is counted, most wanted first: where file descriptors run short the last go.
fn wanted() -> [(&'static str, Event); 5] {
    [
        ("task_clock_ns", Software::TASK_CLOCK.into()),
        ("context_switches", Software::CONTEXT_SWITCHES.into()),
        ("page_faults", Software::PAGE_FAULTS.into()),
        ("cycles", Hardware::CPU_CYCLES.into()),
        ("instructions", Hardware::INSTRUCTIONS.into()),
    ]
}

/// Time after which no further kind of counter is opened, so that a process of thousands of threads does not keep its user
/// waiting. One counter costs some 20 us: 64 threads take 4 to 9 ms for the three software counters.
const PATIENCE: Duration = Duration::from_millis(100);

/// Descriptors left for everything else holdup opens: rings, programs, maps, trace files.
const RESERVE: usize = 256;

/// One kind of event on all threads.
struct Column {
    name: &'static str,
    counters: Vec<Counter>,
}

/// Open counters; they count from now on.
pub struct Counters {
    columns: Vec<Column>,
    notes: Vec<String>,
}

impl Counters {
    /// Opens every counter this host has on every thread of `threads`. Never fails as a whole: what could not be opened
    /// stands in [`Counters::notes`].
    #[must_use]
    pub fn open(threads: &[Tid]) -> Self {
        let mut budget = descriptors_left().saturating_sub(RESERVE);
        let started = Instant::now();
        let mut opened = Self {
            columns: Vec::new(),
            notes: Vec::new(),
        };
        for (name, event) in wanted() {
            if threads.len() > budget {
                opened.notes.push(format!(
                    "no counter {name}: {} threads need more file descriptors than the limit leaves ({budget}); raise it with ulimit -n",
                    threads.len()
                ));
                continue;
            }
            if started.elapsed() > PATIENCE {
                opened.notes.push(format!(
                    "no counter {name}: opening it for {} threads would take too long",
                    threads.len()
                ));
                continue;
            }
            match open_column(&event, threads) {
                Ok(counters) => {
                    budget -= counters.len();
                    opened.columns.push(Column { name, counters });
                }
                Err(error) => opened.notes.push(refusal(name, &error)),
            }
        }
        opened
    }

    /// What could not be opened, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Totals so far by name, for `row::Counters::perf`. Times are ns, the rest are counts. A hardware counter that had to
    /// share its register is scaled up to the whole time.
    pub fn totals(&mut self) -> BTreeMap<String, u64> {
        let total = |column: &mut Column| {
            column
                .counters
                .iter_mut()
                .map(whole)
                .fold(0, u64::saturating_add)
        };
        self.columns
            .iter_mut()
            .map(|column| (column.name.to_owned(), total(column)))
            .collect()
    }
}

/// One event on all threads; a thread that ended meanwhile is left out.
fn open_column(event: &Event, threads: &[Tid]) -> io::Result<Vec<Counter>> {
    let mut counters = Vec::with_capacity(threads.len());
    for tid in threads {
        let Ok(tid) = libc::pid_t::try_from(tid.0) else {
            continue;
        };
        let mut builder = Builder::new()
            .kind(event.clone())
            .observe_pid(tid)
            .any_cpu();
        // Switches and most faults happen in the kernel: excluding it, the default, would count none.
        builder.include_kernel().inherit(true).enabled(true);
        match builder.build() {
            Ok(counter) => counters.push(counter),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(counters)
}

/// The count, scaled where the counter was not on all the time.
fn whole(counter: &mut Counter) -> u64 {
    let Ok(seen) = counter.read_count_and_time() else {
        return 0;
    };
    if seen.time_running == 0 || seen.time_running >= seen.time_enabled {
        return seen.count;
    }
    let scaled =
        u128::from(seen.count) * u128::from(seen.time_enabled) / u128::from(seen.time_running);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Why a counter is missing and what can be done.
fn refusal(name: &str, error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => {
            format!("no counter {name}: this host (often a virtual machine) has none")
        }
        Some(libc::EACCES | libc::EPERM) => {
            format!(
                "no counter {name}: it needs CAP_PERFMON (and CAP_SYS_PTRACE), or kernel.perf_event_paranoid at 1 or less"
            )
        }
        Some(libc::EMFILE | libc::ENFILE) => {
            format!("no counter {name}: out of file descriptors; raise the limit with ulimit -n")
        }
        _ => format!("no counter {name}: {error}"),
    }
}

/// How many more file descriptors this process may open.
fn descriptors_left() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is an rlimit of ours that the call fills.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return 0;
    }
    let used = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    usize::try_from(limit.rlim_cur)
        .unwrap_or(usize::MAX)
        .saturating_sub(used)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::channel;

    use super::{Counters, refusal, wanted};
    use crate::row::Tid;

    /// A thread that sleeps `sleeps` times once told to; its tid and how to tell it.
    fn sleeper(
        sleeps: u32,
    ) -> (
        Tid,
        std::sync::mpsc::Sender<()>,
        std::thread::JoinHandle<()>,
    ) {
        let (go, gone) = channel();
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || {
            tell.send(std::fs::read_link("/proc/thread-self").unwrap())
                .unwrap();
            gone.recv().unwrap();
            // A thread of its own: its sleeps count with those of the one that made it.
            let sleep = move || {
                (0..sleeps).for_each(|_| std::thread::sleep(std::time::Duration::from_millis(1)))
            };
            std::thread::spawn(sleep).join().unwrap();
        });
        let tid = told
            .recv()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        (Tid(tid), go, thread)
    }

    #[test]
    fn switches_of_a_thread_and_of_its_child_are_counted() {
        let (tid, go, thread) = sleeper(50);
        let mut counters = Counters::open(&[tid]);
        go.send(()).unwrap();
        thread.join().unwrap();
        let totals = counters.totals();
        match totals.get("context_switches") {
            Some(switches) => assert!((50..500).contains(switches), "{totals:?}"),
            None => assert!(
                counters
                    .notes()
                    .iter()
                    .any(|note| note.contains("context_switches")),
                "{:?}",
                counters.notes()
            ),
        }
        assert_eq!(totals.len() + counters.notes().len(), wanted().len());
    }

    #[test]
    fn a_thread_that_is_gone_is_no_failure() {
        let totals = Counters::open(&[Tid(0x7fff_fff0)]).totals();
        assert_eq!(totals.get("task_clock_ns"), Some(&0));
    }

    #[test]
    fn too_many_threads_for_the_limit_are_said_and_not_fatal() {
        let mut counters = Counters::open(&vec![Tid(0x7fff_fff0); 10_000_000]);
        assert!(counters.totals().is_empty());
        assert!(
            counters.notes()[0].contains("ulimit -n"),
            "{:?}",
            counters.notes()
        );
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (errno, expect) in [
            (libc::EACCES, "CAP_PERFMON"),
            (libc::ENOENT, "virtual machine"),
            (libc::EMFILE, "ulimit"),
        ] {
            let text = refusal("cycles", &io::Error::from_raw_os_error(errno));
            assert!(text.contains(expect), "{text}");
        }
    }
}
