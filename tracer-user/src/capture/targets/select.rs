//! Selects the processes of a snapshot that a target spec means.

use std::collections::BTreeSet;

use super::snapshot::Snapshot;
use super::{Candidate, TargetError};
use crate::row::Pid;

/// Length of a name in the kernel without its final 0 (`TASK_COMM_LEN` - 1).
const NAME_BYTES: usize = 15;

/// The process that `--pid` means: the one of that pid here, else the one a thread of that number belongs to, else the only
/// one that bears it in a namespace below.
pub(super) fn by_pid(snapshot: &Snapshot, pid: u32, own: Pid) -> Result<Pid, TargetError> {
    let found = match snapshot.get(Pid(pid)) {
        Some(_) => Pid(pid),
        None => match Snapshot::process_of_thread(pid).filter(|_| pid != 0) {
            Some(process) => process,
            None => by_inner_pid(snapshot, pid, Snapshot::inner_pids)?,
        },
    };
    let Some(process) = snapshot.get(found) else {
        return Err(TargetError::NoSuchProcess { pid });
    };
    if found == own {
        Err(TargetError::Itself)
    } else if process.kernel {
        Err(TargetError::KernelThread {
            pid,
            name: process.name.clone(),
        })
    } else if process.zombie {
        Err(TargetError::Zombie {
            pid,
            name: process.name.clone(),
        })
    } else {
        Ok(found)
    }
}

/// The only process whose innermost pid is `pid`.
fn by_inner_pid(
    snapshot: &Snapshot,
    pid: u32,
    inner: impl Fn(Pid) -> Vec<u32>,
) -> Result<Pid, TargetError> {
    let bearers: Vec<Pid> = snapshot
        .processes
        .iter()
        .filter(|(_, process)| !process.kernel && !process.zombie)
        .map(|(candidate, _)| *candidate)
        .filter(|candidate| {
            let pids = inner(*candidate);
            pids.len() > 1 && pids[1..].contains(&pid)
        })
        .collect();
    match bearers[..] {
        [] => Err(TargetError::NoSuchProcess { pid }),
        [only] => Ok(only),
        _ => Err(TargetError::Ambiguous {
            pid,
            candidates: bearers
                .into_iter()
                .map(|pid| Candidate {
                    pid,
                    command: snapshot.command(pid),
                })
                .collect(),
        }),
    }
}

/// The processes that bear `name`, or have a thread that does. A longer name is cut as the kernel cuts it.
pub(super) fn by_name(snapshot: &Snapshot, name: &str, own: Pid) -> Result<Vec<Pid>, TargetError> {
    let cut = cut(name);
    let found: Vec<Pid> = snapshot
        .processes
        .iter()
        .filter(|(pid, process)| **pid != own && !process.kernel && !process.zombie)
        .filter(|(_, process)| process.name == cut || process.threads.contains(&cut))
        .map(|(pid, _)| *pid)
        .collect();
    if found.is_empty() {
        Err(TargetError::NoSuchName {
            name: name.to_owned(),
        })
    } else {
        Ok(found)
    }
}

/// The first bytes of a name; a character cut in two reads as `/proc` text is read.
fn cut(name: &str) -> String {
    String::from_utf8_lossy(&name.as_bytes()[..name.len().min(NAME_BYTES)]).into_owned()
}

/// `roots` and all processes below them, but not holdup.
pub(super) fn with_descendants(snapshot: &Snapshot, roots: &[Pid], own: Pid) -> Vec<Pid> {
    let mut all: BTreeSet<Pid> = roots.iter().copied().collect();
    let mut children: std::collections::BTreeMap<Pid, Vec<Pid>> = std::collections::BTreeMap::new();
    for (pid, process) in &snapshot.processes {
        if *pid != own && !process.kernel {
            children.entry(process.parent).or_default().push(*pid);
        }
    }
    let mut open = roots.to_vec();
    while let Some(pid) = open.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if all.insert(*child) {
                open.push(*child);
            }
        }
    }
    all.remove(&own);
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{by_inner_pid, by_name, with_descendants};
    use crate::capture::targets::TargetError;
    use crate::capture::targets::snapshot::{Process, Snapshot};
    use crate::row::Pid;

    const OWN: Pid = Pid(99);

    fn snapshot() -> Snapshot {
        let process = |parent, name: &str| Process {
            parent: Pid(parent),
            name: name.to_owned(),
            ..Process::default()
        };
        let processes = [
            (1, process(0, "systemd")),
            (
                2,
                Process {
                    kernel: true,
                    ..process(0, "kthreadd")
                },
            ),
            (
                10,
                Process {
                    threads: vec!["main".to_owned(), "pool-1".to_owned()],
                    ..process(1, "java")
                },
            ),
            (11, process(10, "sh")),
            (12, process(11, "python3")),
            (
                13,
                Process {
                    zombie: true,
                    ..process(11, "python3")
                },
            ),
            (20, process(1, "a-name-as-long-")),
            (99, process(11, "python3")),
        ];
        Snapshot {
            processes: processes
                .into_iter()
                .map(|(pid, process)| (Pid(pid), process))
                .collect(),
        }
    }

    #[test]
    fn descendants_without_holdup() {
        let all = with_descendants(&snapshot(), &[Pid(10)], OWN);
        assert_eq!(all, [10, 11, 12, 13].map(Pid));
    }

    #[test]
    fn names_of_processes_and_threads() {
        let check = |name, expect: &[u32]| {
            let found = by_name(&snapshot(), name, OWN).unwrap_or_default();
            assert_eq!(
                found,
                expect.iter().copied().map(Pid).collect::<Vec<_>>(),
                "{name}"
            );
        };
        check("python3", &[12]);
        check("python", &[]);
        check("pool-1", &[10]);
        check("a-name-as-long-as-this", &[20]);
        check("kthreadd", &[]);
    }

    #[test]
    fn pids_of_namespaces_below() {
        let inner = |pid: Pid| match pid.0 {
            10 => vec![10, 7],
            11 => vec![11, 8],
            12 => vec![12, 40, 7],
            other => vec![other],
        };
        let found = |pid| by_inner_pid(&snapshot(), pid, inner);
        assert_eq!(found(8).expect("one"), Pid(11));
        assert_eq!(found(40).expect("one"), Pid(12));
        assert!(matches!(
            found(10),
            Err(TargetError::NoSuchProcess { pid: 10 })
        ));
        match found(7) {
            Err(TargetError::Ambiguous { candidates, .. }) => {
                assert_eq!(
                    candidates.iter().map(|one| one.pid.0).collect::<Vec<_>>(),
                    [10, 12]
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
