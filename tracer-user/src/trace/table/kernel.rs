//! Kernel spans.

use super::super::column::{Column, Kind, Packing, Values, column, names, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, KernelSpan, Nanos, Pid, Tid};

impl Table for KernelSpan {
    const NAME: &'static str = "kernel";
    const ORDERED_BY_END: bool = true;
    const COLUMNS: &'static [Column] = &[
        column("end_ns", Kind::U64, Packing::Delta),
        column("duration_ns", Kind::U64, Packing::Split),
        column("tid", Kind::U32, Packing::Few),
        column("pid", Kind::U32, Packing::Few),
        column("kind", Kind::Name, Packing::Few),
        column("a", Kind::U64, Packing::Few),
        column("b", Kind::U64, Packing::Few),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.kernel
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], _since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |r| r.end.0),
            u64s(rows, |r| r.end.0.wrapping_sub(r.start.0)),
            u32s(rows, |r| r.tid.0),
            u32s(rows, |r| r.pid.0),
            names(rows, |r| r.kind),
            u64s(rows, |r| r.a),
            u64s(rows, |r| r.b),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let end = columns.u64("end_ns")?;
        let duration = columns.u64("duration_ns")?;
        let tid = columns.u32("tid")?;
        let pid = columns.u32("pid")?;
        let kind = columns.names("kind", None)?;
        let a = columns.u64("a")?;
        let b = columns.u64("b")?;
        rows.keys.extend_from_slice(&end);
        rows.rows.extend((0..columns.rows()).map(|i| Self {
            end: Nanos(end[i]),
            start: Nanos(end[i].wrapping_sub(duration[i])),
            tid: Tid(tid[i]),
            pid: Pid(pid[i]),
            kind: kind[i],
            a: a[i],
            b: b[i],
        }));
        Ok(())
    }
}
