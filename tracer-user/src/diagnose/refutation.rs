//! What speaks against a cause, in numbers.

use crate::cause::Cause;

/// What speaks against a cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refutation {
    /// So much of the queueing for a CPU was behind threads of other programs.
    BehindOthers {
        /// 0 to 1.
        share: f64,
    },
    /// Most of what has the CPUs is waiting in loops.
    SpentWaiting {
        /// Share of the CPU time, 0 to 1.
        share: f64,
    },
    /// What is read was not in memory before.
    ReadFirst {
        /// Share of it that was, 0 to 1.
        share: f64,
    },
    /// Waits were ended by others than workers.
    WokenByOthers {
        /// Share of the wake-ups that came from workers, 0 to 1.
        by_workers: f64,
    },
    /// Waits were ended by workers.
    WokenByWorkers {
        /// Share of the wake-ups that came from workers, 0 to 1.
        by_workers: f64,
    },
    /// Of the waiting so much ended together with that of all others who meet there; the rest one at a time.
    OneAtATime {
        /// Share of the waiting, 0 to 1.
        share: f64,
    },
    /// Most who are woken wait again at once.
    WokenForNothing {
        /// Share of the wake-ups, 0 to 1.
        share: f64,
    },
    /// The threads that are no workers compute for far less than the others wait.
    NobodyCollects {
        /// How long they compute, s.
        computed: f64,
        /// How long others wait, s.
        paused: f64,
    },
    /// Workers compute while others wait.
    OthersGoOn {
        /// How long, s.
        computed: f64,
    },
    /// So many of the waits begin where an item ends.
    AtTheEndOfItems {
        /// 0 to 1.
        share: f64,
    },
    /// Waiters poll, and nobody holds the lock for much of the time.
    LockIdles {
        /// Share of the time in which somebody waits, 0 to 1.
        unheld: f64,
    },
    /// The workers wait there to give, not to take.
    TheyWrite,
    /// All of them share a single connection: that is a lock around it.
    OneConnection,
    /// There are as many connections as workers.
    EnoughConnections {
        /// How many.
        connections: usize,
    },
    /// Most of what replies take beyond the work on them the peer has no CPU.
    NoCpu {
        /// Share of what replies take beyond the work on them, 0 to 1.
        share: f64,
    },
    /// Nearly all of a reply's time the peer works on the request.
    WorksOnIt {
        /// What a request takes, s.
        response_s: f64,
        /// Of it, what the peer works on it, s.
        service_s: f64,
    },
    /// It takes as long however many are there at the same time.
    ServedAlone {
        /// Sojourn elasticity.
        elasticity: f64,
    },
    /// Hardly two were there at the same time.
    MetNobody {
        /// Others there on average.
        others: f64,
    },
    /// Slots are free at times.
    SlotsFree {
        /// Requests under way on average.
        at_once: f64,
        /// Most of them.
        slots: f64,
    },
    /// The threads that carry the tasks have no pause.
    CarriersBusy {
        /// Share of the time, 0 to 1.
        busy: f64,
    },
    /// Those that take from a full queue have nothing to take for much of the time.
    TakersIdle {
        /// Share of the time, 0 to 1.
        idle: f64,
    },
    /// The threads that tasks hand over to have time.
    ThreadsFree {
        /// Threads.
        threads: usize,
        /// Share of the time in which one has something to do, 0 to 1.
        busy: f64,
    },
    /// The threads that carry the tasks compute on all CPUs.
    CpusTaken {
        /// How many.
        cpus: u32,
    },
    /// Fewer tasks wait for a thread than there are threads.
    FewHandOver {
        /// Tasks that wait, on average.
        waiting: f64,
        /// Threads.
        threads: usize,
    },
    /// Several threads carry the tasks of one process.
    SeveralCarriers {
        /// How many.
        threads: usize,
    },
    /// No connection was asked for a second time.
    NotAskedAgain {
        /// What a connect takes, s.
        mean_s: f64,
    },
    /// What is sent is on its way meanwhile.
    OnItsWay {
        /// Share of the waiting, 0 to 1.
        share: f64,
    },
    /// The other end does not read what it is sent.
    NotRead {
        /// Share of the waiting, 0 to 1.
        share: f64,
    },
    /// The threads of the server work on requests all along.
    ServerBusy {
        /// Share of the time, 0 to 1.
        busy: f64,
    },
    /// The limit leaves room.
    LimitNotUsedUp {
        /// Share of it that was used, 0 to 1.
        used: f64,
    },
    /// The disk has nothing to do for most of the time in which it is waited for.
    DiskIdle {
        /// Share of the time in which it has something to do, 0 to 1.
        busy: f64,
        /// Share of the time in which it is waited for, 0 to 1.
        present: f64,
    },
    /// Throttled replies are too few for the sleeps there are.
    FewThrottled {
        /// Replies that said so.
        replies: u64,
        /// Sleeps.
        sleeps: u64,
    },
    /// The sleeps are all of one length: each passes its own time.
    SleepsOfOneLength {
        /// Standard deviation over mean.
        variation: f64,
    },
    /// Its waits are claimed by a cause that explains them better.
    Claimed {
        /// Which.
        by: Cause,
    },
}
