//! Tasks of a runtime, by what they did when it was looked.

use super::super::column::{Column, Kind, Packing, Values, column, names, texts, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Nanos, Pid, StackId, TaskSeen};

impl Table for TaskSeen {
    const NAME: &'static str = "tasks_seen";
    const ORDERED_BY_END: bool = true;
    const COLUMNS: &'static [Column] = &[
        column("end_ns", Kind::U64, Packing::Delta),
        column("pid", Kind::U32, Packing::Few),
        column("state", Kind::Name, Packing::Few),
        column("reason", Kind::Text, Packing::Few),
        column("stack_id", Kind::U32, Packing::Few),
        column("slots", Kind::U32, Packing::Few),
        column("tasks", Kind::U32, Packing::Few),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.tasks_seen
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], _since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |row| row.end.0),
            u32s(rows, |row| row.pid.0),
            names(rows, |row| row.state),
            texts(rows, |row| &row.reason),
            u32s(rows, |row| row.stack.0),
            u32s(rows, |row| row.slots),
            u32s(rows, |row| row.count),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let end = columns.u64("end_ns")?;
        let pid = columns.u32("pid")?;
        let state = columns.names("state", None)?;
        let reason = columns.texts("reason")?;
        let stack = columns.u32("stack_id")?;
        let slots = columns.u32("slots")?;
        let count = columns.u32("tasks")?;
        rows.keys.extend_from_slice(&end);
        for i in 0..columns.rows() {
            rows.rows.push(Self {
                end: Nanos(end[i]),
                pid: Pid(pid[i]),
                state: state[i],
                reason: reason.get(i)?,
                stack: StackId(stack[i]),
                slots: slots[i],
                count: count[i],
            });
        }
        Ok(())
    }
}
