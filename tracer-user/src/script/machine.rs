//! The simulated system: threads, CPUs and time.
//!
//! Something happens when it is due; in between nothing does. A thread that may run gets a CPU in the order of asking, and
//! makes room after a while when others wait for one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::dice::Dice;
use super::expand::EDGE;
use super::names::Names;
use super::plan::Plan;
use super::rows::{OffCpu, Rows};
use super::stations::{Stations, ThreadIndex};
use super::thread::{Duty, Op, Place, Thread};
use crate::row::{MemorySource, Nanos, Reason, Task, TaskFact, Waker};

/// When the simulation begins: not at zero, which often means "not known".
const BEGIN: Nanos = Nanos(1_000_000_000);
/// A thread makes room for others after running for so long.
pub(super) const SLICE: Nanos = Nanos(4_000_000);
/// Threads begin so long after one another.
const STAGGER: Nanos = Nanos(777_777);

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// The window opens.
    Open,
    /// A thread begins.
    Begin(ThreadIndex),
    /// A child process is started.
    Spawn(usize),
    /// A thread comes to a CPU that is kept free for it.
    Dispatch(ThreadIndex),
    /// A thread has computed for a while.
    Slice(ThreadIndex),
    /// A thread's time is up, or a device is done for it.
    Timer(ThreadIndex),
    /// A peer has served this thread's request.
    Reply(ThreadIndex, usize),
}

/// The system.
pub(super) struct Machine<'p> {
    pub(super) plan: &'p Plan,
    pub(super) now: Nanos,
    events: BinaryHeap<Reverse<(Nanos, u64, Event)>>,
    order: u64,
    pub(super) threads: Vec<Thread>,
    pub(super) ready: VecDeque<ThreadIndex>,
    pub(super) idle_cpus: u32,
    pub(super) stations: Stations,
    pub(super) names: Names,
    pub(super) rows: Rows,
    pub(super) dice: Dice,
}

/// Lets a workload go, and gives its trace.
pub(super) fn simulate(plan: &Plan) -> MemorySource {
    let opened = BEGIN + plan.warm_up;
    let mut machine = Machine {
        plan,
        now: BEGIN,
        events: BinaryHeap::new(),
        order: 0,
        threads: super::crew::threads(plan),
        ready: VecDeque::new(),
        idle_cpus: plan.cpus,
        stations: Stations::new(plan),
        names: Names::default(),
        rows: Rows::new(opened, opened + plan.window),
        dice: Dice(12_345),
    };
    machine.due(opened, Event::Open);
    for index in 0..machine.threads.len() {
        let begin = BEGIN + Nanos(STAGGER.0 * index as u64);
        machine.due(begin, Event::Begin(index));
    }
    for index in 0..plan.children.len() {
        machine.due(BEGIN, Event::Spawn(index));
    }
    machine.go();
    machine.close()
}

impl Machine<'_> {
    /// Something happens at `at`.
    pub(super) fn due(&mut self, at: Nanos, event: Event) {
        self.order += 1;
        self.events.push(Reverse((at, self.order, event)));
    }

    fn go(&mut self) {
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            if at > self.rows.closed {
                return;
            }
            self.now = at;
            match event {
                Event::Open => self.open(),
                Event::Begin(who) => self.begin(who),
                Event::Spawn(children) => self.spawn(children),
                Event::Dispatch(who) => self.dispatch(who),
                Event::Slice(who) => self.slice(who),
                Event::Timer(who) => self.wake(who, Waker::default()),
                Event::Reply(who, peer) => self.reply(who, peer),
            }
        }
    }

    fn open(&mut self) {
        for thread in &self.threads {
            if matches!(thread.place, Place::Running(_) | Place::Off(_)) {
                self.rows.task(&thread.who, TaskFact::Seen, self.now);
            }
        }
        self.read_schedstat(TaskFact::SchedStatOpened);
    }

    /// What the kernel's own figures are now, of all threads that are there.
    fn read_schedstat(&mut self, fact: TaskFact) {
        for thread in &self.threads {
            if matches!(thread.place, Place::Running(_) | Place::Off(_)) {
                let who = Task {
                    schedstat: thread.schedstat_at(self.now),
                    ..thread.who.clone()
                };
                self.rows.task(&who, fact, self.now);
            }
        }
    }

    /// A thread begins: it asks for a CPU.
    fn begin(&mut self, who: ThreadIndex) {
        let thread = &mut self.threads[who];
        let off = OffCpu {
            since: self.now,
            reason: Reason::Preempted,
            ..OffCpu::default()
        };
        thread.place = Place::Off(off);
        let is_old = self.now < self.rows.opened;
        if !is_old {
            let fact = match thread.duty {
                Duty::Child(_) => TaskFact::Born,
                Duty::Crew(_) | Duty::Server { .. } => TaskFact::Seen,
            };
            self.rows.task(&thread.who, fact, self.now);
        }
        self.place(who);
    }

    fn spawn(&mut self, children: usize) {
        let who = self.threads.len();
        let thread = super::crew::child(self.plan, children, who);
        self.threads.push(thread);
        self.begin(who);
        self.due(
            self.now + self.plan.children[children].every,
            Event::Spawn(children),
        );
    }

    /// A thread has the CPU: it goes on to where it computes, is blocked or ends.
    pub(super) fn run(&mut self, who: ThreadIndex) {
        while matches!(self.threads[who].place, Place::Running(_)) {
            if self.has_to_stop(who) {
                self.stop(who);
            }
            if self.threads[who].left > Nanos::ZERO {
                let slice = self.threads[who].left.min(SLICE);
                self.due(self.now + slice, Event::Slice(who));
                return;
            }
            match self.threads[who].ops.pop_front() {
                Some(Op::Run(time)) => self.threads[who].left = time,
                Some(op) => self.perform(who, op),
                None => self.next_item(who),
            }
        }
    }

    /// How long it computes beside all other threads of the crews that compute now.
    #[expect(clippy::cast_precision_loss, reason = "times of a script")]
    #[expect(clippy::cast_possible_truncation, reason = "times of a script")]
    #[expect(clippy::cast_sign_loss, reason = "not below zero")]
    pub(super) fn slowed(&self, who: ThreadIndex, time: Nanos, slowed: f64) -> Nanos {
        let others = self.threads.iter().enumerate().filter(|(other, thread)| {
            *other != who
                && matches!(thread.duty, Duty::Crew(_))
                && matches!(thread.place, Place::Running(_))
        });
        Nanos((time.0 as f64 * (1.0 + slowed * others.count() as f64)) as u64)
    }

    fn next_item(&mut self, who: ThreadIndex) {
        let plan = self.plan;
        let thread = &mut self.threads[who];
        thread.items += 1;
        let item = thread.items + u64::from(thread.number);
        let steps = match thread.duty {
            Duty::Crew(crew) => &plan.crews[crew].steps,
            Duty::Child(_) if thread.items > 1 => return self.exit(who),
            Duty::Child(children) => &plan.children[children].steps,
            Duty::Server { peer, .. } => return self.next_request(who, peer),
        };
        let due = steps
            .iter()
            .filter(|step| item.is_multiple_of(u64::from(step.every)));
        let ops = due.map(|step| Op::Do(step.action.clone()));
        // Nobody goes round in no time.
        thread.ops.push_back(Op::Run(EDGE));
        thread.ops.extend(ops);
    }

    fn exit(&mut self, who: ThreadIndex) {
        self.count_run(who);
        let thread = &mut self.threads[who];
        thread.place = Place::Ended;
        self.rows.task(&thread.who, TaskFact::Exited, self.now);
        self.free_cpu();
    }

    /// The window closes: who is off its CPU is told of up to now.
    fn close(mut self) -> MemorySource {
        self.now = self.rows.closed;
        for thread in &self.threads {
            if let Place::Off(off) = &thread.place
                && thread.schedstat.voluntary + thread.schedstat.involuntary > 0
            {
                self.rows.wait(&thread.who, off, self.now, true);
            }
        }
        self.read_schedstat(TaskFact::SchedStatClosed);
        self.rows.batch.resources = self.names.resources;
        self.rows.batch.stacks = self.names.stacks;
        self.rows.batch.statements = self.names.statements;
        self.rows.finish(self.plan.cpus)
    }
}
