//! The run queue: time without a CPU, and whether the target's own threads had the CPUs meanwhile.
//!
//! The servers on this host that the target asks work for it: their threads count as its own, and their time without a CPU is kept too.

use foldhash::HashMap;

use crate::actors::ActorId;
use crate::classify::State;
use crate::row::Nanos;

/// One actor's part in the run queue.
#[derive(Clone, Copy, Debug, Default)]
struct Queuer {
    state: State,
    since: Nanos,
    /// The integral of our share of the CPUs when it came into its present state, s.
    share_then: f64,
    queued: Nanos,
    behind_own: f64,
}

/// Time without a CPU, summed over some actors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Queued {
    /// All of it, s.
    pub seconds: f64,
    /// Of it, behind the threads of the target and of its servers: weighed by the share of the CPUs they had, s.
    pub behind_own: f64,
}

impl Queued {
    /// Share of the queueing that was behind our own threads, 0 to 1.
    #[must_use]
    pub fn own_share(&self) -> f64 {
        if self.seconds > 0.0 {
            (self.behind_own / self.seconds).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// The run queue's statistics.
#[derive(Clone, Debug, Default)]
pub struct RunQueue {
    cpus: u32,
    /// Threads of the target that run, and those of its servers.
    running: u32,
    serving: u32,
    changed: Nanos,
    /// Integral over time of the share of the CPUs that both had, s.
    share: f64,
    actors: HashMap<ActorId, Queuer>,
    run: f64,
    served: f64,
}

impl RunQueue {
    /// Statistics of a host with so many CPUs.
    #[must_use]
    pub fn new(cpus: u32) -> Self {
        Self {
            cpus: cpus.max(1),
            ..Self::default()
        }
    }

    fn advance(&mut self, at: Nanos) {
        let passed = at.since(self.changed).seconds();
        self.changed = self.changed.max(at);
        self.share += passed * self.own_share_now();
        self.run += passed * f64::from(self.running);
        self.served += passed * f64::from(self.serving);
    }

    fn own_share_now(&self) -> f64 {
        f64::from((self.running + self.serving).min(self.cpus)) / f64::from(self.cpus)
    }

    /// An actor of the target changed its state.
    pub(super) fn change(&mut self, actor: ActorId, at: Nanos, now: State) {
        let was = self.step(actor, at, now);
        // A task that runs has the CPU of the thread that carries it.
        let has_own = actor.tid().is_some();
        let runs = |state| u32::from(has_own && state == State::Running);
        self.running = self.running.saturating_sub(runs(was)) + runs(now);
    }

    /// A thread of a server changed its state.
    pub(super) fn serve(&mut self, actor: ActorId, at: Nanos, now: State) {
        let was = self.step(actor, at, now);
        let runs = |state| u32::from(state == State::Running);
        self.serving = self.serving.saturating_sub(runs(was)) + runs(now);
    }

    /// Its state before, when its time in it has been counted.
    fn step(&mut self, actor: ActorId, at: Nanos, now: State) -> State {
        self.advance(at);
        let share = self.share;
        let queuer = self.actors.entry(actor).or_default();
        let was = queuer.state;
        if was == State::Queued {
            queuer.queued += at.since(queuer.since);
            queuer.behind_own += share - queuer.share_then;
        }
        (queuer.state, queuer.since, queuer.share_then) = (now, at, share);
        was
    }

    /// Time these actors were without a CPU up to `at`.
    #[must_use]
    pub fn queued(&self, actors: &[ActorId], at: Nanos) -> Queued {
        let share = self.share + at.since(self.changed).seconds() * self.own_share_now();
        let mut sum = Queued::default();
        for queuer in actors.iter().filter_map(|actor| self.actors.get(actor)) {
            sum.seconds += queuer.queued.seconds();
            sum.behind_own += queuer.behind_own;
            if queuer.state == State::Queued {
                sum.seconds += at.since(queuer.since).seconds();
                sum.behind_own += share - queuer.share_then;
            }
        }
        sum
    }

    /// CPU time of the target up to `at`, s.
    #[must_use]
    pub fn run(&self, at: Nanos) -> f64 {
        self.run + at.since(self.changed).seconds() * f64::from(self.running)
    }

    /// CPU time of its servers up to `at`, s.
    #[must_use]
    pub fn served(&self, at: Nanos) -> f64 {
        self.served + at.since(self.changed).seconds() * f64::from(self.serving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Tid;

    /// ```text
    /// target 1:  ####....    without a CPU from 2 to 4 s
    /// server 2:  ..######
    /// server 3:  ####..##    without a CPU from 2 to 3 s
    /// ```
    #[test]
    fn servers_on_this_host_have_the_cpus_for_the_target() {
        let mut queue = RunQueue::new(2);
        let [target, two, three] = [1, 2, 3].map(|tid| ActorId::Thread(Tid(tid)));
        let second = |at: u64| Nanos(at * 1_000_000_000);
        queue.change(target, second(0), State::Running);
        queue.serve(three, second(0), State::Running);
        queue.serve(two, second(1), State::Queued);
        queue.serve(two, second(2), State::Running);
        queue.serve(three, second(2), State::Queued);
        queue.change(target, second(2), State::Queued);
        queue.serve(three, second(3), State::Running);
        let at = second(4);
        assert!((queue.run(at) - 2.0).abs() < 1e-9);
        assert!((queue.served(at) - 5.0).abs() < 1e-9);
        // The other CPU is a stranger's for one of these two seconds.
        let queued = queue.queued(&[target], at);
        assert!((queued.seconds - 2.0).abs() < 1e-9 && (queued.behind_own - 1.5).abs() < 1e-9);
        let queued = queue.queued(&[two, three], at);
        assert!((queued.seconds - 2.0).abs() < 1e-9 && (queued.behind_own - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_task_runs_on_the_cpu_of_its_thread() {
        let mut queue = RunQueue::new(2);
        let (thread, task) = (ActorId::Thread(Tid(7)), ActorId::Task(1));
        queue.change(thread, Nanos(0), State::Running);
        queue.change(task, Nanos(0), State::Running);
        queue.change(task, Nanos(1_000_000_000), State::Queued);
        let at = Nanos(3_000_000_000);
        assert!((queue.run(at) - 3.0).abs() < 1e-9);
        // Behind a thread that has one of two CPUs.
        let queued = queue.queued(&[task], at);
        assert!((queued.seconds - 2.0).abs() < 1e-9 && (queued.own_share() - 0.5).abs() < 1e-9);
    }
}
