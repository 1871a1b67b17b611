//! Off-CPU periods.

use super::super::column::{Column, Kind, Packing, Values, bools, column, names, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Nanos, Pid, Reason, ResourceId, StackId, Syscall, Tid, Wait, Waker};

impl Table for Wait {
    const NAME: &'static str = "waits";
    const ORDERED_BY_END: bool = true;
    const COLUMNS: &'static [Column] = &[
        column("end_ns", Kind::U64, Packing::Delta),
        column("duration_ns", Kind::U64, Packing::Split),
        column("queued_ns", Kind::U64, Packing::Split),
        column("woken", Kind::Bool, Packing::Few),
        column("tid", Kind::U32, Packing::Few),
        column("pid", Kind::U32, Packing::Few),
        column("reason", Kind::Name, Packing::Few),
        column("call", Kind::Name, Packing::Few),
        column("op", Kind::U32, Packing::Few),
        column("resource_id", Kind::U32, Packing::Few),
        column("waker_tid", Kind::U32, Packing::Few),
        column("waker_pid", Kind::U32, Packing::Few),
        column("waker_call", Kind::Name, Packing::Few),
        column("waker_kernel_thread", Kind::Bool, Packing::Few),
        column("owner_tid", Kind::U32, Packing::Few),
        column("stack_id", Kind::U32, Packing::Few),
        column("continues", Kind::Bool, Packing::Few),
        column("continuation", Kind::Bool, Packing::Few),
        column("uninterruptible", Kind::Bool, Packing::Few),
        column("kernel_lock", Kind::Bool, Packing::Few).since(3),
        column("memory_stall", Kind::Bool, Packing::Few).since(3),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.waits
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], _since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |r| r.end.0),
            u64s(rows, |r| r.end.0.wrapping_sub(r.start.0)),
            u64s(rows, |r| {
                if r.woken == Nanos::ZERO {
                    0
                } else {
                    r.end.0.wrapping_sub(r.woken.0)
                }
            }),
            bools(rows, |r| r.woken != Nanos::ZERO),
            u32s(rows, |r| r.tid.0),
            u32s(rows, |r| r.pid.0),
            names(rows, |r| r.reason),
            names(rows, |r| r.call),
            u32s(rows, |r| r.op),
            u32s(rows, |r| r.resource.0),
            u32s(rows, |r| r.waker.tid.0),
            u32s(rows, |r| r.waker.pid.0),
            names(rows, |r| r.waker.call),
            bools(rows, |r| r.waker.kernel_thread),
            u32s(rows, |r| r.owner.0),
            u32s(rows, |r| r.stack.0),
            bools(rows, |r| r.continues),
            bools(rows, |r| r.continuation),
            bools(rows, |r| r.uninterruptible),
            bools(rows, |r| r.kernel_lock),
            bools(rows, |r| r.memory_stall),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let end = columns.u64("end_ns")?;
        let duration = columns.u64("duration_ns")?;
        let queued = columns.u64("queued_ns")?;
        let woken = columns.bools("woken")?;
        let tid = columns.u32("tid")?;
        let pid = columns.u32("pid")?;
        let reason = columns.names::<Reason>("reason", None)?;
        let call = columns.names("call", Some(Syscall::Other))?;
        let op = columns.u32("op")?;
        let resource = columns.u32("resource_id")?;
        let waker_tid = columns.u32("waker_tid")?;
        let waker_pid = columns.u32("waker_pid")?;
        let waker_call = columns.names("waker_call", Some(Syscall::Other))?;
        let waker_kernel_thread = columns.bools("waker_kernel_thread")?;
        let owner = columns.u32("owner_tid")?;
        let stack = columns.u32("stack_id")?;
        let continues = columns.bools("continues")?;
        let continuation = columns.bools("continuation")?;
        let uninterruptible = columns.bools("uninterruptible")?;
        let kernel_lock = columns.bools("kernel_lock")?;
        let memory_stall = columns.bools("memory_stall")?;
        rows.keys.extend_from_slice(&end);
        rows.rows.extend((0..columns.rows()).map(|i| Self {
            end: Nanos(end[i]),
            start: Nanos(end[i].wrapping_sub(duration[i])),
            woken: if woken[i] {
                Nanos(end[i].wrapping_sub(queued[i]))
            } else {
                Nanos::ZERO
            },
            tid: Tid(tid[i]),
            pid: Pid(pid[i]),
            reason: reason[i],
            continues: continues[i],
            continuation: continuation[i],
            uninterruptible: uninterruptible[i],
            kernel_lock: kernel_lock[i],
            memory_stall: memory_stall[i],
            call: call[i],
            op: op[i],
            resource: ResourceId(resource[i]),
            waker: Waker {
                tid: Tid(waker_tid[i]),
                pid: Pid(waker_pid[i]),
                call: waker_call[i],
                kernel_thread: waker_kernel_thread[i],
            },
            owner: Tid(owner[i]),
            stack: StackId(stack[i]),
        }));
        Ok(())
    }
}
