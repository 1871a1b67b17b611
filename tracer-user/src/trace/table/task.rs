//! Facts about threads.

use super::super::column::{Column, Kind, Packing, Values, column, names, texts, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Nanos, Pid, SchedStat, Task, Tid};

impl Table for Task {
    const NAME: &'static str = "tasks";
    const ORDERED_BY_END: bool = true;
    const COLUMNS: &'static [Column] = &[
        column("end_ns", Kind::U64, Packing::Delta),
        column("tid", Kind::U32, Packing::Few),
        column("pid", Kind::U32, Packing::Few),
        column("fact", Kind::Name, Packing::Few),
        column("role", Kind::Name, Packing::Few),
        column("parent_tid", Kind::U32, Packing::Few),
        column("parent_pid", Kind::U32, Packing::Few),
        column("start_time_ns", Kind::U64, Packing::Few),
        column("name", Kind::Text, Packing::Few),
        column("exe", Kind::Text, Packing::Few),
        column("command", Kind::Text, Packing::Few),
        column("run_ns", Kind::U64, Packing::Few),
        column("delay_ns", Kind::U64, Packing::Few),
        column("voluntary", Kind::U64, Packing::Few),
        column("involuntary", Kind::U64, Packing::Few),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.tasks
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], _since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |r| r.end.0),
            u32s(rows, |r| r.tid.0),
            u32s(rows, |r| r.pid.0),
            names(rows, |r| r.fact),
            names(rows, |r| r.role),
            u32s(rows, |r| r.parent_tid.0),
            u32s(rows, |r| r.parent_pid.0),
            u64s(rows, |r| r.start_time.0),
            texts(rows, |r| &r.name),
            texts(rows, |r| &r.exe),
            texts(rows, |r| &r.command),
            u64s(rows, |r| r.schedstat.run.0),
            u64s(rows, |r| r.schedstat.delay.0),
            u64s(rows, |r| r.schedstat.voluntary),
            u64s(rows, |r| r.schedstat.involuntary),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let end = columns.u64("end_ns")?;
        let tid = columns.u32("tid")?;
        let pid = columns.u32("pid")?;
        let fact = columns.names("fact", None)?;
        let role = columns.names("role", None)?;
        let parent_tid = columns.u32("parent_tid")?;
        let parent_pid = columns.u32("parent_pid")?;
        let start_time = columns.u64("start_time_ns")?;
        let name = columns.texts("name")?;
        let exe = columns.texts("exe")?;
        let command = columns.texts("command")?;
        let run = columns.u64("run_ns")?;
        let delay = columns.u64("delay_ns")?;
        let voluntary = columns.u64("voluntary")?;
        let involuntary = columns.u64("involuntary")?;
        for i in 0..columns.rows() {
            rows.keys.push(end[i]);
            rows.rows.push(Self {
                end: Nanos(end[i]),
                tid: Tid(tid[i]),
                pid: Pid(pid[i]),
                fact: fact[i],
                role: role[i],
                parent_tid: Tid(parent_tid[i]),
                parent_pid: Pid(parent_pid[i]),
                start_time: Nanos(start_time[i]),
                name: name.get(i)?,
                exe: exe.get(i)?,
                command: command.get(i)?,
                schedstat: SchedStat {
                    run: Nanos(run[i]),
                    delay: Nanos(delay[i]),
                    voluntary: voluntary[i],
                    involuntary: involuntary[i],
                },
            });
        }
        Ok(())
    }
}
