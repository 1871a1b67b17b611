//! Calls.

use super::super::column::{
    Column, Kind, Packing, Values, bools, column, i64s, names, u16s, u32s, u64s,
};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Call, Nanos, Pid, ResourceId, StatementId, Syscall, Tid, Verb};

impl Table for Call {
    const NAME: &'static str = "calls";
    const ORDERED_BY_END: bool = true;
    const COLUMNS: &'static [Column] = &[
        column("end_ns", Kind::U64, Packing::Delta),
        column("inside_ns", Kind::U64, Packing::Split),
        column("between_ns", Kind::U64, Packing::Split),
        column("tid", Kind::U32, Packing::Few),
        column("pid", Kind::U32, Packing::Few),
        column("call", Kind::Name, Packing::Few),
        column("op", Kind::U32, Packing::Few),
        column("resource_id", Kind::U32, Packing::Few),
        column("ret", Kind::I64, Packing::Few),
        column("count", Kind::U32, Packing::Few),
        column("seq", Kind::U32, Packing::Delta),
        column("blocked", Kind::Bool, Packing::Few),
        column("verb", Kind::Name, Packing::Few),
        column("status", Kind::U16, Packing::Few),
        column("statement_id", Kind::U32, Packing::Few).since(1),
        column("unread_ns", Kind::U64, Packing::Few).since(1),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.calls
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], _since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |r| r.end.0),
            u64s(rows, |r| r.inside.0),
            u64s(rows, |r| {
                r.end.0.wrapping_sub(r.start.0).wrapping_sub(r.inside.0)
            }),
            u32s(rows, |r| r.tid.0),
            u32s(rows, |r| r.pid.0),
            names(rows, |r| r.call),
            u32s(rows, |r| r.op),
            u32s(rows, |r| r.resource.0),
            i64s(rows, |r| r.ret),
            u32s(rows, |r| r.count),
            u32s(rows, |r| r.seq),
            bools(rows, |r| r.blocked),
            names(rows, |r| r.verb),
            u16s(rows, |r| r.status),
            u32s(rows, |r| r.statement.0),
            u64s(rows, |r| r.unread.0),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let end = columns.u64("end_ns")?;
        let inside = columns.u64("inside_ns")?;
        let between = columns.u64("between_ns")?;
        let tid = columns.u32("tid")?;
        let pid = columns.u32("pid")?;
        let call = columns.names("call", Some(Syscall::Other))?;
        let op = columns.u32("op")?;
        let resource = columns.u32("resource_id")?;
        let ret = columns.i64("ret")?;
        let count = columns.u32("count")?;
        let seq = columns.u32("seq")?;
        let blocked = columns.bools("blocked")?;
        let verb = columns.names("verb", Some(Verb::Unknown))?;
        let status = columns.u16("status")?;
        let statement = columns.u32("statement_id")?;
        let unread = columns.u64("unread_ns")?;
        rows.keys.extend_from_slice(&end);
        rows.rows.extend((0..columns.rows()).map(|i| Self {
            end: Nanos(end[i]),
            start: Nanos(end[i].wrapping_sub(between[i]).wrapping_sub(inside[i])),
            inside: Nanos(inside[i]),
            tid: Tid(tid[i]),
            pid: Pid(pid[i]),
            call: call[i],
            op: op[i],
            resource: ResourceId(resource[i]),
            ret: ret[i],
            count: count[i],
            seq: seq[i],
            blocked: blocked[i],
            verb: verb[i],
            status: status[i],
            statement: StatementId(statement[i]),
            unread: Nanos(unread[i]),
        }));
        Ok(())
    }
}
