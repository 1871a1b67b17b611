//! Rows like those of a real recording, any number of them: 64 threads that ask a server over a socket each, take a lock that
//! is held half of the times, and write. What a thread does never overlaps, and all ends come in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use holdup::row::{
    Batch, Call, Nanos, Pid, Reason, Resource, ResourceId, ResourceKind, SocketRole, StackId,
    Syscall, Task, TaskFact, TaskRole, Tid, Verb, Wait, Waker,
};

/// Threads of the workload.
const THREADS: u32 = 64;
/// Length of a batch, as the capture releases them.
const BATCH: u64 = 500_000_000;
/// When the window opens.
pub const OPENED: Nanos = Nanos(86_400_000_000_000);
const PROCESS: Pid = Pid(41_000);
const LOCK: ResourceId = ResourceId(1);

/// Random numbers (xorshift64*).
struct Dice(u64);

impl Dice {
    fn u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.u64() % limit.max(1)
    }

    /// Exponentially distributed, plus a least time.
    fn span(&mut self, least: u64, mean: f64) -> u64 {
        let uniform = (self.u64() >> 11) as f64 / (1u64 << 53) as f64;
        least + (-mean * (1.0 - uniform).ln()) as u64
    }
}

/// What a thread has just done when its time comes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    Send,
    Receive,
    Lock,
    Write,
}

/// The batches, in order; the last one holds the last row.
pub struct Batches {
    left: u64,
    dice: Dice,
    seq: Vec<u32>,
    /// When a thread is done with what, and since when it does that.
    next: BinaryHeap<Reverse<(u64, u32, Done, u64)>>,
    watermark: u64,
    first: bool,
}

impl Batches {
    /// At least `rows` rows, by a few.
    pub fn new(rows: u64) -> Self {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let next = (0..THREADS)
            .map(|thread| {
                let begin = OPENED.0 + dice.below(2_000_000);
                Reverse((begin + 8_000, thread, Done::Send, begin))
            })
            .collect();
        Self {
            left: rows,
            dice,
            seq: vec![0; THREADS as usize],
            next,
            watermark: OPENED.0,
            first: true,
        }
    }

    fn step(&mut self, batch: &mut Batch) {
        let Some(Reverse((now, thread, done, since))) = self.next.pop() else {
            return;
        };
        let (tid, socket) = (Tid(PROCESS.0 + thread), ResourceId(10 + thread));
        self.seq[thread as usize] += 1;
        let call = Call {
            end: Nanos(now),
            start: Nanos(since),
            inside: Nanos(now - since),
            tid,
            pid: PROCESS,
            seq: self.seq[thread as usize],
            count: 1,
            ..Call::default()
        };
        let wait = Wait {
            end: Nanos(now),
            start: Nanos(since),
            tid,
            pid: PROCESS,
            reason: Reason::Blocked,
            ..Wait::default()
        };
        let dice = &mut self.dice;
        let queued = 1_500 + dice.below(4_000);
        let woken = Nanos(now.saturating_sub(queued).max(since));
        let (then, begin, takes) = match done {
            Done::Send => {
                batch.calls.push(Call {
                    call: Syscall::Sendto,
                    resource: socket,
                    ret: 180 + dice.below(30).cast_signed(),
                    verb: Verb::SqlRead,
                    ..call
                });
                (Done::Receive, now, dice.span(300_000, 1_000_000.0))
            }
            Done::Receive => {
                batch.waits.push(Wait {
                    call: Syscall::Recvfrom,
                    resource: socket,
                    woken,
                    ..wait
                });
                batch.calls.push(Call {
                    call: Syscall::Recvfrom,
                    resource: socket,
                    ret: 300 + dice.below(2_000).cast_signed(),
                    blocked: true,
                    ..call
                });
                let computes = dice.span(20_000, 100_000.0);
                let begin = now + computes;
                if dice.below(2) == 0 {
                    (Done::Lock, begin, dice.span(5_000, 60_000.0))
                } else {
                    (Done::Write, begin, dice.span(2_000, 6_000.0))
                }
            }
            Done::Lock => {
                let holder = Tid(PROCESS.0 + dice.below(u64::from(THREADS)) as u32);
                batch.waits.push(Wait {
                    call: Syscall::Futex,
                    resource: LOCK,
                    woken,
                    waker: Waker {
                        tid: holder,
                        pid: PROCESS,
                        call: Syscall::Futex,
                        kernel_thread: false,
                    },
                    owner: holder,
                    stack: StackId(1),
                    ..wait
                });
                batch.calls.push(Call {
                    call: Syscall::Futex,
                    resource: LOCK,
                    blocked: true,
                    ..call
                });
                (Done::Write, now + 1_000, dice.span(2_000, 6_000.0))
            }
            Done::Write => {
                batch.calls.push(Call {
                    call: Syscall::Write,
                    resource: ResourceId(2),
                    ret: 4096,
                    ..call
                });
                let begin = now + 2_000;
                (Done::Send, begin, dice.span(4_000, 4_000.0))
            }
        };
        self.next
            .push(Reverse((begin + takes, thread, then, begin)));
    }

    /// What names the rows: threads, sockets, the lock and the file.
    fn introduce(batch: &mut Batch) {
        let file = |id, kind| Resource {
            end: OPENED,
            id,
            kind,
            pid: PROCESS,
            ..Resource::default()
        };
        batch.resources.push(Resource {
            address: 0x7f00_0000_1000,
            ..file(LOCK, ResourceKind::FutexPrivate)
        });
        batch.resources.push(Resource {
            path: "/data/out.log".to_owned(),
            device: 8 << 20,
            inode: 4711,
            ..file(ResourceId(2), ResourceKind::File)
        });
        for thread in 0..THREADS {
            batch.tasks.push(Task {
                end: OPENED,
                tid: Tid(PROCESS.0 + thread),
                pid: PROCESS,
                fact: TaskFact::Seen,
                role: TaskRole::Target,
                name: format!("worker-{thread}"),
                ..Task::default()
            });
            batch.resources.push(Resource {
                role: SocketRole::Client,
                family: "tcp".to_owned(),
                local: format!("127.0.0.1:{}", 40_000 + thread),
                remote: "127.0.0.1:8123".to_owned(),
                inode: u64::from(9_000 + thread),
                ..file(ResourceId(10 + thread), ResourceKind::Socket)
            });
        }
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        if self.left == 0 {
            return None;
        }
        self.watermark += BATCH;
        let mut batch = Batch {
            watermark: Nanos(self.watermark),
            ..Batch::default()
        };
        if std::mem::take(&mut self.first) {
            Self::introduce(&mut batch);
        }
        while self.left > 0
            && let Some(Reverse((now, ..))) = self.next.peek()
            && *now <= self.watermark
        {
            let before = batch.waits.len() + batch.calls.len();
            self.step(&mut batch);
            let made = (batch.waits.len() + batch.calls.len() - before) as u64;
            self.left = self.left.saturating_sub(made);
        }
        Some(batch)
    }
}
