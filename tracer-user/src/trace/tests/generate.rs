//! Rows for tests: every field set, to extreme values now and then, the same for the same seed.

use crate::row::{
    Batch, Call, FileKind, Frame, KernelSpan, KernelSpanKind, MemorySource, Nanos, OpenRequest,
    Pid, Reason, Resource, ResourceId, ResourceKind, Sample, SchedStat, SocketRole, Stack, StackId,
    Statement, StatementId, Syscall, Task, TaskFact, TaskRole, TaskSeen, TaskState, Tid, Verb,
    Wait, Waker,
};

/// Numbers that look random (xorshift64*).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.u64() % limit
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Small most of the time, now and then of any size up to the largest.
    fn wild(&mut self) -> u64 {
        match self.below(8) {
            0 => 0,
            1 => u64::MAX,
            2 => self.u64(),
            _ => self.below(1000),
        }
    }

    fn wild32(&mut self) -> u32 {
        (self.wild() & u64::from(u32::MAX)) as u32
    }

    /// One that a type has given a number.
    fn any<T>(&mut self, of: impl Fn(u8) -> Option<T>) -> T {
        loop {
            if let Some(value) = of(self.below(70) as u8) {
                return value;
            }
        }
    }

    fn text(&mut self) -> String {
        let texts = [
            "",
            "a",
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            "Grüße\u{1b}[31m\n\0",
            "127.0.0.1:8123",
            "π∂",
        ];
        match self.below(7) {
            6 => format!("item {}", self.u64()),
            index => texts[index as usize].to_owned(),
        }
    }
}

/// `count` times, rising from above `after` to `watermark`.
fn ends(dice: &mut Dice, count: usize, after: u64, watermark: u64) -> Vec<Nanos> {
    let mut ends: Vec<u64> = (0..count)
        .map(|_| after + 1 + dice.below(watermark - after))
        .collect();
    ends.sort_unstable();
    ends.into_iter().map(Nanos).collect()
}

/// A batch with up to `most` rows a table.
pub(super) fn batch(dice: &mut Dice, after: u64, watermark: u64, most: u64) -> Batch {
    let mut batch = Batch {
        watermark: Nanos(watermark),
        ..Batch::default()
    };
    macro_rules! rows {
        ($end:ident, $field:ident, $row:expr) => {
            let count = dice.below(most + 1) as usize;
            for $end in ends(dice, count, after, watermark) {
                batch.$field.push($row);
            }
        };
    }
    rows!(
        end,
        waits,
        Wait {
            end,
            start: Nanos(dice.wild()),
            woken: Nanos(dice.wild()),
            tid: Tid(dice.wild32()),
            pid: Pid(dice.wild32()),
            reason: dice.any(Reason::from_raw),
            continues: dice.flag(),
            continuation: dice.flag(),
            uninterruptible: dice.flag(),
            kernel_lock: dice.flag(),
            memory_stall: dice.flag(),
            call: dice.any(Syscall::from_raw),
            op: dice.wild32(),
            resource: ResourceId(dice.wild32()),
            waker: Waker {
                tid: Tid(dice.wild32()),
                pid: Pid(dice.wild32()),
                call: dice.any(Syscall::from_raw),
                kernel_thread: dice.flag(),
            },
            owner: Tid(dice.wild32()),
            stack: StackId(dice.wild32()),
        }
    );
    rows!(
        end,
        calls,
        Call {
            end,
            start: Nanos(dice.wild()),
            inside: Nanos(dice.wild()),
            tid: Tid(dice.wild32()),
            pid: Pid(dice.wild32()),
            call: dice.any(Syscall::from_raw),
            op: dice.wild32(),
            resource: ResourceId(dice.wild32()),
            ret: dice.wild() as i64,
            count: dice.wild32(),
            seq: dice.wild32(),
            blocked: dice.flag(),
            verb: dice.any(Verb::from_raw),
            status: dice.wild32() as u16,
            statement: StatementId(dice.wild32()),
            unread: Nanos(dice.wild()),
        }
    );
    rows!(
        end,
        tasks,
        Task {
            end,
            tid: Tid(dice.wild32()),
            pid: Pid(dice.wild32()),
            fact: dice.any(TaskFact::from_raw),
            role: dice.any(TaskRole::from_raw),
            parent_tid: Tid(dice.wild32()),
            parent_pid: Pid(dice.wild32()),
            start_time: Nanos(dice.wild()),
            name: dice.text(),
            exe: dice.text(),
            command: dice.text(),
            schedstat: SchedStat {
                run: Nanos(dice.wild()),
                delay: Nanos(dice.wild()),
                voluntary: dice.wild(),
                involuntary: dice.wild(),
            },
        }
    );
    rows!(
        end,
        resources,
        Resource {
            end,
            id: ResourceId(dice.wild32()),
            kind: dice.any(ResourceKind::from_raw),
            pid: Pid(dice.wild32()),
            address: dice.wild(),
            device: dice.wild(),
            inode: dice.wild(),
            file: dice.any(FileKind::from_raw),
            path: dice.text(),
            role: dice.any(SocketRole::from_raw),
            family: dice.text(),
            local: dice.text(),
            remote: dice.text(),
            peer_inode: dice.wild(),
            peer_pid: Pid(dice.wild32()),
            peer_name: dice.text(),
        }
    );
    rows!(
        _end,
        stacks,
        Stack {
            id: StackId(dice.wild32()),
            pid: Pid(dice.wild32()),
            frames: (0..dice.below(5))
                .map(|_| Frame {
                    module: dice.text(),
                    symbol: dice.text(),
                    file: dice.text(),
                    line: dice.wild32(),
                    offset: dice.wild(),
                })
                .collect(),
        }
    );
    rows!(
        _end,
        statements,
        Statement {
            id: StatementId(dice.wild32()),
            text: dice.text(),
        }
    );
    rows!(
        end,
        requests,
        OpenRequest {
            end,
            asked: Nanos(dice.wild()),
            resource: ResourceId(dice.wild32()),
            pid: Pid(dice.wild32()),
        }
    );
    rows!(
        end,
        tasks_seen,
        TaskSeen {
            end,
            pid: Pid(dice.wild32()),
            state: dice.any(TaskState::from_raw),
            reason: dice.text(),
            stack: StackId(dice.wild32()),
            slots: dice.wild32(),
            count: dice.wild32(),
        }
    );
    rows!(
        end,
        samples,
        Sample {
            end,
            tid: Tid(dice.wild32()),
            pid: Pid(dice.wild32()),
            stack: StackId(dice.wild32()),
            spins: dice.flag(),
            memory_stall: dice.flag(),
            kernel_spins: dice.flag(),
        }
    );
    rows!(
        end,
        kernel,
        KernelSpan {
            end,
            start: Nanos(dice.wild()),
            tid: Tid(dice.wild32()),
            pid: Pid(dice.wild32()),
            kind: dice.any(KernelSpanKind::from_raw),
            a: dice.wild(),
            b: dice.wild(),
        }
    );
    batch
}

/// A trace of `batches` batches, each up to `length` ns long and with up to `most` rows a table.
pub(super) fn trace(seed: u64, batches: usize, length: u64, most: u64) -> MemorySource {
    let mut dice = Dice::new(seed);
    let opened = 5_000_000_000_000;
    let mut watermark = opened;
    let mut all = Vec::new();
    for _ in 0..batches {
        let next = watermark + 1 + dice.below(length);
        all.push(batch(&mut dice, watermark, next, most));
        watermark = next;
    }
    MemorySource::new(super::meta(opened, watermark), all)
}
