//! Thread numbers of the PID namespaces below this one, which a program in a container writes into its futex words.
//!
//! In: a process by its pid here, and a thread number as that process knows it. Out: the thread by its number here. A process of
//! this namespace knows its threads by the same numbers.

use std::collections::HashMap;
use std::fs;

use crate::row::{Nanos, Pid, Tid};

/// Age from which the list of a process's threads is read again when a thread is not in it.
const AGE: Nanos = Nanos(100_000_000);
/// Most processes that are remembered at once.
const MOST: usize = 1024;

/// What is known of the namespace of each process.
#[derive(Debug, Default)]
pub struct Namespaces {
    processes: HashMap<Pid, Process>,
}

#[derive(Debug)]
enum Process {
    /// The process lives in this namespace.
    Here,
    /// The process lives in a namespace below: its threads by their innermost numbers, and when they were listed.
    Below {
        threads: HashMap<u32, Tid>,
        listed: Nanos,
    },
}

impl Namespaces {
    /// The thread that process `pid` knows by `number`; `None` when it has no such thread that lives.
    pub fn thread(&mut self, pid: Pid, number: u32, at: Nanos) -> Option<Tid> {
        if !self.processes.contains_key(&pid) {
            if self.processes.len() >= MOST {
                self.processes.clear();
            }
            let process = if inner(&format!("/proc/{pid}/status")).is_some() {
                Process::Below {
                    threads: list(pid),
                    listed: at,
                }
            } else {
                Process::Here
            };
            self.processes.insert(pid, process);
        }
        match self.processes.get_mut(&pid)? {
            Process::Here => Some(Tid(number)),
            Process::Below { threads, listed } => {
                if !threads.contains_key(&number) && at.since(*listed) >= AGE {
                    *threads = list(pid);
                    *listed = at;
                }
                threads.get(&number).copied()
            }
        }
    }
}

/// Lists the threads of a process by their innermost numbers.
fn list(pid: Pid) -> HashMap<u32, Tid> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .filter_map(|task| {
            let tid = task.file_name().to_str()?.parse().ok()?;
            Some((inner(&format!("/proc/{pid}/task/{tid}/status"))?, Tid(tid)))
        })
        .collect()
}

/// The innermost number of a thread, if it lives in a namespace below this one.
fn inner(status: &str) -> Option<u32> {
    parse(&fs::read_to_string(status).ok()?)
}

/// Parses the line `NSpid:`, which lists the numbers from this namespace inwards.
fn parse(status: &str) -> Option<u32> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_ascii_whitespace().skip(1).last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Namespaces, parse};
    use crate::row::{Nanos, Pid, Tid};

    #[test]
    fn numbers_of_namespaces() {
        // `grep NSpid /proc/PID/status` of a process here, in a namespace, and in one within that.
        assert_eq!(parse("Name:\tx\nNSpid:\t4242\n"), None);
        assert_eq!(parse("NSpid:\t4242\t7\n"), Some(7));
        assert_eq!(parse("NSpid:\t4242\t70\t3\nNSpgid:\t1\n"), Some(3));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_process_of_this_namespace_knows_its_threads_as_we_do() {
        let own = Pid(std::process::id());
        // Inside a container the test itself may live below another namespace, but /proc shows it as its own.
        assert_eq!(
            Namespaces::default().thread(own, 77, Nanos(1)),
            Some(Tid(77))
        );
    }
}
