//! Decodes a [`TaskEvent`] to a [`Task`].

use tracer_common::{TaskEvent, TaskEventKind};

use super::{Destination, Undecodable, text};
use crate::row::{Nanos, Pid, Task, TaskFact, Tid};

pub(super) fn decode(event: &TaskEvent, to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let what = TaskEventKind::from_raw(event.what).ok_or(Undecodable::Field {
        field: "what",
        value: event.what.into(),
    })?;
    let pid = Pid(event.pid);
    let task = Task {
        end: Nanos(event.header.end),
        tid: Tid(event.tid),
        pid,
        fact: match what {
            TaskEventKind::Born => TaskFact::Born,
            TaskEventKind::Exec => TaskFact::Exec,
            TaskEventKind::Named => TaskFact::Named,
            TaskEventKind::Exited => TaskFact::Exited,
        },
        role: to.threads.role(pid),
        parent_tid: Tid(event.other_tid),
        parent_pid: Pid(event.other_pid),
        start_time: Nanos(event.start_time),
        name: text(&event.comm),
        ..Task::default()
    };
    to.rows.tasks.push(task);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracer_common::{EventKind, Header, TaskEvent};

    use crate::capture::decode::Undecodable;
    use crate::capture::decode::samples::{Collector, bytes};
    use crate::row::{Pid, TaskFact, Tid};

    fn event(what: u32) -> TaskEvent {
        TaskEvent {
            header: Header {
                end: 40,
                kind: EventKind::Task as u16,
                cpu: 0,
                len: 64,
            },
            tid: 31,
            pid: 30,
            other_tid: 29,
            other_pid: 28,
            what,
            start_time: 39,
            comm: *b"worker\x1b[2J\0\0\0\0\0\0",
            ..TaskEvent::default()
        }
    }

    #[test]
    fn facts() {
        let mut to = Collector::default();
        for what in 1..=4 {
            to.decode(&bytes(&event(what))).expect("sound");
        }
        let facts: Vec<_> = to.rows.tasks.iter().map(|task| task.fact).collect();
        assert_eq!(
            facts,
            [
                TaskFact::Born,
                TaskFact::Exec,
                TaskFact::Named,
                TaskFact::Exited
            ]
        );
        let task = &to.rows.tasks[0];
        assert_eq!(
            (task.tid, task.parent_tid, task.parent_pid),
            (Tid(31), Tid(29), Pid(28))
        );
        assert_eq!(task.name, "worker\u{1b}[2J");
    }

    #[test]
    fn an_unknown_fact_is_refused() {
        let mut to = Collector::default();
        assert_eq!(
            to.decode(&bytes(&event(9))),
            Err(Undecodable::Field {
                field: "what",
                value: 9
            })
        );
        assert!(to.rows.is_empty());
    }
}
