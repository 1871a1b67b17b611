//! Requests that were under way when a window opened.

use super::super::column::{Column, Kind, Packing, Values, column, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Nanos, OpenRequest, Pid, ResourceId};

impl Table for OpenRequest {
    const NAME: &'static str = "requests";
    const ORDERED_BY_END: bool = true;
    const COLUMNS: &'static [Column] = &[
        column("end_ns", Kind::U64, Packing::Delta),
        column("asked_ns", Kind::U64, Packing::Delta),
        column("resource_id", Kind::U32, Packing::Delta),
        column("pid", Kind::U32, Packing::Few),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.requests
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], _since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |row| row.end.0),
            u64s(rows, |row| row.asked.0),
            u32s(rows, |row| row.resource.0),
            u32s(rows, |row| row.pid.0),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let end = columns.u64("end_ns")?;
        let asked = columns.u64("asked_ns")?;
        let resource = columns.u32("resource_id")?;
        let pid = columns.u32("pid")?;
        rows.keys.extend_from_slice(&end);
        let rest = asked.iter().zip(resource.iter()).zip(pid.iter());
        for (end, ((asked, resource), pid)) in end.iter().zip(rest) {
            rows.rows.push(Self {
                end: Nanos(*end),
                asked: Nanos(*asked),
                resource: ResourceId(*resource),
                pid: Pid(*pid),
            });
        }
        Ok(())
    }
}
