//! How each cause is told, in sentences for a person.

use crate::cause::Cause;

/// How a cause is told from others.
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    /// What must be seen before it is named.
    pub seen: &'static [&'static str],
    /// What clears it.
    pub cleared: &'static [&'static str],
    /// What looks like it, and what tells the two apart.
    pub near: &'static [(Cause, &'static str)],
}

/// How `cause` is told. The files of `diagnose/` have the rules themselves.
#[must_use]
pub fn signs(cause: Cause) -> Signs {
    match cause {
        Cause::UserLock => Signs {
            seen: &[
                "Workers sleep on a lock's word, and fellow workers wake them as they let go.",
                "All of them take it at one place in the program, or on one word.",
            ],
            cleared: &["The wake-ups come from elsewhere: then it is a queue that somebody fills."],
            near: &[
                (
                    Cause::Pool,
                    "who has what they wait for is in an exchange with a peer all the while, over several sockets",
                ),
                (
                    Cause::InterpreterLock,
                    "the functions they wait in are the interpreter's own",
                ),
                (Cause::Imbalance, "all that wait are let go together"),
            ],
        },
        Cause::InterpreterLock => Signs {
            seen: &[
                "Workers wait in the functions by which an interpreter hands its lock on (CPython's take_gil).",
            ],
            cleared: &[],
            near: &[
                (Cause::Cpu, "the CPUs have nothing left, and here they have"),
                (Cause::UserLock, "the lock is one of the program's own"),
            ],
        },
        Cause::FileLock => Signs {
            seen: &[
                "Workers sleep in flock or fcntl on one file, or between attempts that were refused.",
            ],
            cleared: &[
                "Who polls sleeps on while nobody has the lock: then the polling is what costs, and waiting for it is the fix.",
            ],
            near: &[(
                Cause::Checkpoint,
                "one small file is written anew under it by most workers",
            )],
        },
        Cause::Checkpoint => Signs {
            seen: &[
                "At least half of the workers write one and the same small file anew, one at a time.",
            ],
            cleared: &["Who waits polls, and the lock is free meanwhile."],
            near: &[(
                Cause::FileLock,
                "what is done under the lock is the work itself",
            )],
        },
        Cause::Fsync => Signs {
            seen: &[
                "Workers sleep in the fsync family, several at once.",
                "A sync takes longer the more are under way.",
            ],
            cleared: &["Syncs that meet nobody, or take as long however many are under way."],
            near: &[
                (Cause::Quota, "a limit on writes is used up"),
                (
                    Cause::UserLock,
                    "a lock is held around the sync: once the lock goes, syncs share a commit again",
                ),
                (Cause::Disk, "no sync is involved"),
            ],
        },
        Cause::Disk => Signs {
            seen: &[
                "Several workers at once sleep in reads or writes of files on one disk, or in page faults that read from it.",
                "The disk works meanwhile, and each access takes longer the more are under way, or they end one by one, evenly spaced.",
            ],
            cleared: &[
                "Accesses that take as long however many are under way.",
                "A disk that has nothing to do while they wait.",
            ],
            near: &[
                (Cause::Quota, "a limit on reads or writes is used up"),
                (Cause::Memory, "what is read was in memory before"),
            ],
        },
        Cause::Quota => Signs {
            seen: &[
                "Of a control group's limit on reads or writes nearly all is used, and several workers wait in what it holds up.",
            ],
            cleared: &["A limit that leaves room."],
            near: &[
                (Cause::Fsync, "there is no limit, or it leaves room"),
                (Cause::Disk, "the same"),
            ],
        },
        Cause::KernelLock => Signs {
            seen: &[
                "Workers sleep in a lock of the kernel, by its own word (lock:contention_begin).",
            ],
            cleared: &["With the lock they wait for a disk, in syncs: then it is the disk's."],
            near: &[(Cause::Memory, "the kernel takes pages back meanwhile")],
        },
        Cause::Memory => Signs {
            seen: &[
                "The kernel books the workers' time as held up by memory (pressure stall information),",
                "or a limit was reached, and most of what is read had been in memory before.",
            ],
            cleared: &[
                "Reads that are the first of their pages.",
                "Page faults without a limit that was reached.",
            ],
            near: &[(Cause::Disk, "what is read is read for the first time")],
        },
        Cause::RemoteSerial => Signs {
            seen: &[
                "Replies of a peer take longer the more requests are under way.",
                "Of a peer on this host: its threads or processes queue for each other while a request is there.",
            ],
            cleared: &[
                "A peer that takes as long however many come.",
                "A peer that works on the request for nearly all of the reply's time.",
            ],
            near: &[
                (
                    Cause::RateLimit,
                    "replies are refused, or come evenly spaced whatever the load",
                ),
                (
                    Cause::Pool,
                    "the workers wait inside their own process before they ask",
                ),
                (Cause::Network, "connections are asked for again"),
            ],
        },
        Cause::Pool => Signs {
            seen: &[
                "Workers wait inside their process, and whoever has what they wait for is in an exchange with a peer.",
                "Fewer sockets than workers lead there, or never more than so many requests are under way, each begun as another one ends.",
            ],
            cleared: &[
                "A single socket of threads: that is a lock around a connection.",
                "Slots that are free.",
            ],
            near: &[
                (
                    Cause::UserLock,
                    "what is waited for is not used to talk to a peer",
                ),
                (
                    Cause::RemoteSerial,
                    "the workers wait for replies, and not inside",
                ),
            ],
        },
        Cause::RateLimit => Signs {
            seen: &[
                "Replies that refuse (429, 503) in step with sleeps, or sleeps side by side whose ends are evenly spaced.",
            ],
            cleared: &[
                "Sleeps of one length each, however many sleep: that is pacing by each worker for itself.",
                "Refusals that are few beside the sleeps.",
            ],
            near: &[(
                Cause::RemoteSerial,
                "the replies themselves take longer the more are under way",
            )],
        },
        Cause::Network => Signs {
            seen: &[
                "Connects that take as long as TCP waits before it asks again (1, 3, 7 s).",
                "Of a listener on this host: its queue was full.",
                "Or most of the waiting is time in which bytes are on their way, and the other end has room for them.",
            ],
            cleared: &[
                "Connects none of which was asked for again.",
                "A server whose threads work on requests all the while.",
                "Bytes for which the other end has no room, since it does not read.",
            ],
            near: &[(
                Cause::RemoteSerial,
                "the server is busy, and that is what connections wait for",
            )],
        },
        Cause::SingleThread => Signs {
            seen: &[
                "Replies have come and lie unread, while the thread that is to read them computes, has no CPU, or sleeps in a call.",
                "Or all hand over to one thread or task, which is at it all the while.",
            ],
            cleared: &[
                "Several threads carry the tasks and have time, any of which could have read the reply.",
            ],
            near: &[
                (Cause::RemoteSerial, "the replies themselves come late"),
                (
                    Cause::Cpu,
                    "all CPUs are taken, and more threads would not help",
                ),
            ],
        },
        Cause::Spin => Signs {
            seen: &[
                "Running workers are found in loops that wait: a short loop with the PAUSE instruction, or sched_yield.",
            ],
            cleared: &["A hot loop without them: that computes."],
            near: &[(Cause::Cpu, "what has the CPUs is work")],
        },
        Cause::Cpu => Signs {
            seen: &["Workers queue for a CPU while the target's own threads have the CPUs."],
            cleared: &[
                "Most of what has the CPUs waits in loops.",
                "Strangers have the CPUs: that is not lost to other workers.",
            ],
            near: &[
                (Cause::Spin, "what has the CPUs waits in loops"),
                (
                    Cause::SingleThread,
                    "one thread has no time, and CPUs are left",
                ),
            ],
        },
        Cause::CpuInflation => Signs {
            seen: &[
                "What a worker computes between two waits takes longer the more of the target's threads computed as it began.",
            ],
            cleared: &[
                "Workers wait in loops: these take CPU time for as long as others hold what they want.",
            ],
            near: &[
                (Cause::Spin, "it is waiting that takes the CPU time"),
                (Cause::Cpu, "workers queue for a CPU"),
            ],
        },
        Cause::Starved => Signs {
            seen: &[
                "Workers have nothing to do, at a queue, a pipe or a socket, and are woken by a producer that is no worker.",
            ],
            cleared: &[
                "Fellow workers wake them: that is a lock.",
                "Pipes that the workers write to.",
            ],
            near: &[(
                Cause::RemoteSerial,
                "the workers ask for what they wait for",
            )],
        },
        Cause::Imbalance => Signs {
            seen: &[
                "At one place most of the waiting ends together, round after round, by the fellow worker that came last.",
            ],
            cleared: &[
                "Waits that end one at a time: that is a lock.",
                "Somebody else lets them go: that is a feeder.",
            ],
            near: &[
                (Cause::UserLock, "each lets the next one go on"),
                (
                    Cause::RuntimePause,
                    "a thread that is no worker lets them go",
                ),
            ],
        },
        Cause::RuntimePause => Signs {
            seen: &[
                "Workers stop in the middle of their items, wherever they are, and a thread of their process that is no worker lets them go together.",
                "None of them computes meanwhile, while the threads that are no workers do.",
            ],
            cleared: &[
                "Waits that begin where an item ends: they are handed their next items together.",
                "Helpers that do not compute.",
            ],
            near: &[
                (Cause::Imbalance, "a fellow worker lets them go"),
                (Cause::Starved, "they wait for their next items"),
            ],
        },
        Cause::None => Signs {
            seen: &[
                "Nearly all of the workers' time is service: what they wait for takes as long for one as for all.",
            ],
            cleared: &["Tasks that may be waiting where nothing shows them: then it is unknown."],
            near: &[],
        },
        Cause::Unknown => Signs {
            seen: &[
                "What takes the workers' time is not seen, or too little of it was. The report says which, and what would tell.",
            ],
            cleared: &[],
            near: &[],
        },
    }
}
