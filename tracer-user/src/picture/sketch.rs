//! Takes events as they come and keeps what is drawn of them.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::marks::Marks;
use super::stacks::Stacks;
use super::strip::Strip;
use crate::actors::ActorId;
use crate::classify::{Event, OperationId, Piece, State};
use crate::row::{Batch, Meta, Nanos, Pid, StackId, TaskRole, Tid};

/// Segments of all strips together, and marks of all actors: 16 bytes each here, about 12 on a page, which is to have 3 MB at most.
pub const MOST_SEGMENTS: usize = 128_000;
/// Marks of all actors together.
const MOST_MARKS: usize = MOST_SEGMENTS;
/// Actors of which strips are kept; those that come later have none.
const MOST_ACTORS: usize = 4_096;
/// Different details; of segments beyond these only the state is known.
const MOST_DETAILS: usize = 16_384;
/// Steps are so long at first, ns.
const FIRST_STEP: u64 = 1_000;

/// What is known of a wait, beyond what it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Detail {
    /// Where in the code it waits; [`StackId::NONE`]: not taken.
    pub stack: StackId,
    /// Who ended it; `None`: nobody seen, a timer or the network.
    pub waker: Option<ActorId>,
}

/// Number of a detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetailId(pub u32);

impl DetailId {
    /// Nothing is known.
    pub const NONE: Self = Self(0);
}

/// One actor as it is drawn.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its process.
    pub pid: Pid,
    /// What it does over time.
    pub strip: Strip,
    /// What it completed.
    pub marks: Marks,
    /// Where in the code the wait that is under way began.
    stack: StackId,
}

/// What is drawn of a trace, before it is known who works and what is waited for.
#[derive(Clone, Debug)]
pub struct Sketch {
    opened: Nanos,
    step: u64,
    marks_step: u64,
    segments: usize,
    marks: usize,
    rows: BTreeMap<ActorId, Row>,
    roles: HashMap<Tid, TaskRole>,
    details: Vec<Detail>,
    numbers: HashMap<Detail, DetailId>,
    stacks: Stacks,
}

impl Sketch {
    /// Nothing is drawn yet of a trace that says this of itself.
    #[must_use]
    pub fn new(meta: &Meta) -> Self {
        Self {
            opened: meta.opened,
            step: FIRST_STEP,
            marks_step: FIRST_STEP,
            segments: 0,
            marks: 0,
            rows: BTreeMap::new(),
            roles: HashMap::default(),
            details: vec![Detail::default()],
            numbers: HashMap::default(),
            stacks: Stacks::default(),
        }
    }

    /// How long a step of the strips is.
    #[must_use]
    pub fn step(&self) -> Nanos {
        Nanos(self.step)
    }

    /// How long a step of the marks is.
    #[must_use]
    pub fn marks_step(&self) -> Nanos {
        Nanos(self.marks_step)
    }

    /// What is drawn of an actor.
    #[must_use]
    pub fn row(&self, who: ActorId) -> Option<&Row> {
        self.rows.get(&who)
    }

    /// Time by call stack.
    #[must_use]
    pub fn stacks(&self) -> &Stacks {
        &self.stacks
    }

    /// The detail behind a number.
    #[must_use]
    pub fn detail(&self, id: DetailId) -> Detail {
        self.details.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// Takes what no event tells of a batch.
    pub fn learn(&mut self, batch: &Batch) {
        self.stacks.learn(batch);
    }

    /// Takes an event.
    pub fn hear(&mut self, event: &Event<'_, ActorId>) {
        match event {
            Event::Change {
                who,
                pid,
                was,
                wait,
                waker,
                ..
            } => {
                if self.is_drawn(*who) {
                    self.piece((*who, *pid), was, waker.who);
                    if let Some(row) = self.rows.get_mut(who) {
                        row.stack = wait.map_or(StackId::NONE, |wait| wait.stack);
                    }
                }
            }
            Event::Call(call) => {
                if let (Some((operation, _)), true) = (call.operation, self.is_drawn(call.who))
                    && call.call.end >= self.opened
                {
                    let at = call.call.end.since(self.opened).0;
                    self.mark(call.who, at, operation);
                }
            }
            Event::Task(task) => {
                self.roles.insert(task.tid, task.role);
            }
            Event::Asked(..) | Event::Join(..) => {}
        }
    }

    /// The window ends.
    pub fn finish(&mut self) {
        let step = self.step;
        for row in self.rows.values_mut() {
            row.strip.finish(step);
        }
    }

    /// Tasks, and threads of the target.
    fn is_drawn(&self, who: ActorId) -> bool {
        match who {
            ActorId::Task(_) => true,
            ActorId::Thread(tid) => {
                (self.roles.get(&tid)).is_none_or(|role| *role == TaskRole::Target)
            }
        }
    }

    fn piece(&mut self, (who, pid): (ActorId, Pid), was: &Piece, waker: Option<ActorId>) {
        let opened = self.opened;
        if was.end <= opened {
            return;
        }
        let to = was.end.since(opened).0;
        let Some(stack) = self.known(who, pid).map(|row| row.stack) else {
            return;
        };
        let detail = match was.state {
            State::Waiting(site) => {
                let time = was.end.since(was.start.max(opened));
                self.stacks.waited(who, site, stack, time);
                self.number(Detail { stack, waker })
            }
            _ => DetailId::NONE,
        };
        while to / self.step > u64::from(u32::MAX) {
            self.coarsen();
        }
        let step = self.step;
        let Some(row) = self.rows.get_mut(&who) else {
            return;
        };
        let before = row.strip.segments().len();
        let from = was.start.since(opened).0;
        row.strip.push(from, (State::Absent, DetailId::NONE), step);
        row.strip.push(to, (was.state, detail), step);
        self.segments += row.strip.segments().len() - before;
        while self.segments > MOST_SEGMENTS.max(self.rows.len()) {
            self.coarsen();
        }
    }

    /// The row of an actor, while there is room for it.
    fn known(&mut self, who: ActorId, pid: Pid) -> Option<&Row> {
        if !self.rows.contains_key(&who) {
            if self.rows.len() >= MOST_ACTORS {
                return None;
            }
            let row = Row {
                pid,
                ..Row::default()
            };
            self.rows.insert(who, row);
        }
        self.rows.get(&who)
    }

    fn number(&mut self, detail: Detail) -> DetailId {
        if detail == Detail::default() {
            return DetailId::NONE;
        }
        if let Some(number) = self.numbers.get(&detail) {
            return *number;
        }
        if self.details.len() >= MOST_DETAILS {
            return DetailId::NONE;
        }
        let number = DetailId(u32::try_from(self.details.len()).unwrap_or(u32::MAX));
        self.details.push(detail);
        self.numbers.insert(detail, number);
        number
    }

    fn mark(&mut self, who: ActorId, at: u64, operation: OperationId) {
        let step = self.marks_step;
        let Some(row) = self.rows.get_mut(&who) else {
            return;
        };
        let before = row.marks.list().len();
        row.marks.push(at, operation, step);
        self.marks += row.marks.list().len() - before;
        while self.marks > MOST_MARKS {
            let (from, to) = (self.marks_step, self.marks_step * 2);
            self.marks_step = to;
            self.marks = 0;
            for row in self.rows.values_mut() {
                row.marks.coarsen(from, to);
                self.marks += row.marks.list().len();
            }
            if to > u64::MAX / 4 {
                break;
            }
        }
    }

    /// Doubles the steps.
    fn coarsen(&mut self) {
        let (from, to) = (self.step, self.step.saturating_mul(2));
        self.step = to;
        self.segments = 0;
        for row in self.rows.values_mut() {
            row.strip.coarsen(from, to);
            self.segments += row.strip.segments().len();
        }
    }
}
