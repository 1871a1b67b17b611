//! On-CPU samples.

use super::super::column::{Column, Kind, Packing, Values, bools, column, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Nanos, Pid, Sample, StackId, Tid};

impl Table for Sample {
    const NAME: &'static str = "samples";
    const ORDERED_BY_END: bool = true;
    const COLUMNS: &'static [Column] = &[
        column("end_ns", Kind::U64, Packing::Delta),
        column("tid", Kind::U32, Packing::Few),
        column("pid", Kind::U32, Packing::Few),
        column("stack_id", Kind::U32, Packing::Few),
        column("spins", Kind::Bool, Packing::Few).since(2),
        column("memory_stall", Kind::Bool, Packing::Few).since(3),
        column("kernel_spins", Kind::Bool, Packing::Few).since(4),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.samples
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], _since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |r| r.end.0),
            u32s(rows, |r| r.tid.0),
            u32s(rows, |r| r.pid.0),
            u32s(rows, |r| r.stack.0),
            bools(rows, |r| r.spins),
            bools(rows, |r| r.memory_stall),
            bools(rows, |r| r.kernel_spins),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let end = columns.u64("end_ns")?;
        let tid = columns.u32("tid")?;
        let pid = columns.u32("pid")?;
        let stack = columns.u32("stack_id")?;
        let spins = columns.bools("spins")?;
        let memory_stall = columns.bools("memory_stall")?;
        let kernel_spins = columns.bools("kernel_spins")?;
        rows.keys.extend_from_slice(&end);
        rows.rows.extend((0..columns.rows()).map(|i| Self {
            end: Nanos(end[i]),
            tid: Tid(tid[i]),
            pid: Pid(pid[i]),
            stack: StackId(stack[i]),
            spins: spins[i],
            memory_stall: memory_stall[i],
            kernel_spins: kernel_spins[i],
        }));
        Ok(())
    }
}
