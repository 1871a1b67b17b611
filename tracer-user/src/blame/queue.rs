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
    full_then: f64,
    queued: Nanos,
    behind_own: f64,
    full: f64,
}

/// Time without a CPU, summed over some actors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Queued {
    /// All of it, s.
    pub seconds: f64,
    /// Of it, behind the threads of the target and of its servers: weighed by the share of the CPUs they had, s.
    pub behind_own: f64,
    /// Of it, while they had all CPUs, s.
    pub full: f64,
}

impl Queued {
    /// What the queueing was for, on so many CPUs. `strangers`: how many CPUs others keep busy on average; `None`: not known, and all that
    /// our own threads do not have is taken to be theirs.
    ///
    /// While our own threads have all CPUs, they are what is queued behind. Else strangers have the rest of them for a part of the time, and
    /// for the other part a CPU is idle: nothing keeps a thread from running then but that it has to be woken or moved.
    #[must_use]
    pub fn split(&self, cpus: u32, strangers: Option<f64>) -> Behind {
        if self.seconds <= 0.0 {
            return Behind::default();
        }
        let others = (self.seconds - self.full).max(0.0);
        let own_beside = (self.behind_own - self.full).clamp(0.0, others);
        let free = f64::from(cpus) * (others - own_beside) / others.max(1e-9);
        let taken = strangers.map_or(1.0, |busy| (busy / free.max(1e-9)).clamp(0.0, 1.0));
        Behind {
            own: (self.full + taken * own_beside) / self.seconds,
            strangers: taken * (others - own_beside) / self.seconds,
            nobody: (1.0 - taken) * others / self.seconds,
        }
    }

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

/// Behind whom threads queue for a CPU: shares of their queueing, together 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Behind {
    /// Behind the threads of the target and of its servers.
    pub own: f64,
    /// Behind threads of others.
    pub strangers: f64,
    /// While a CPU was idle.
    pub nobody: f64,
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
    /// Time in which both together had all CPUs, s.
    full: f64,
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
        self.full += passed * self.full_now();
        self.run += passed * f64::from(self.running);
        self.served += passed * f64::from(self.serving);
    }

    fn full_now(&self) -> f64 {
        f64::from(u8::from(self.running + self.serving >= self.cpus))
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
        let (share, full) = (self.share, self.full);
        let queuer = self.actors.entry(actor).or_default();
        let was = queuer.state;
        if was == State::Queued {
            queuer.queued += at.since(queuer.since);
            queuer.behind_own += share - queuer.share_then;
            queuer.full += full - queuer.full_then;
        }
        (queuer.state, queuer.since) = (now, at);
        (queuer.share_then, queuer.full_then) = (share, full);
        was
    }

    /// Time these actors were without a CPU up to `at`.
    #[must_use]
    pub fn queued(&self, actors: &[ActorId], at: Nanos) -> Queued {
        let passed = at.since(self.changed).seconds();
        let share = self.share + passed * self.own_share_now();
        let full = self.full + passed * self.full_now();
        let mut sum = Queued::default();
        for queuer in actors.iter().filter_map(|actor| self.actors.get(actor)) {
            sum.seconds += queuer.queued.seconds();
            sum.behind_own += queuer.behind_own;
            sum.full += queuer.full;
            if queuer.state == State::Queued {
                sum.seconds += at.since(queuer.since).seconds();
                sum.behind_own += share - queuer.share_then;
                sum.full += full - queuer.full_then;
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
        assert!((queued.full - 1.0).abs() < 1e-9, "{queued:?}");
        let queued = queue.queued(&[two, three], at);
        assert!((queued.seconds - 2.0).abs() < 1e-9 && (queued.behind_own - 1.5).abs() < 1e-9);
    }

    /// 10 s of queueing on two CPUs; for 4 s our own threads had both, for the rest one.
    #[test]
    fn what_is_queued_behind_is_told_by_how_busy_strangers_are() {
        let queued = Queued {
            seconds: 10.0,
            behind_own: 7.0,
            full: 4.0,
        };
        let check = |strangers, wanted: [f64; 3]| {
            let Behind {
                own,
                strangers: others,
                nobody,
            } = queued.split(2, strangers);
            let near = |(is, wanted): (f64, f64)| (is - wanted).abs() < 1e-9;
            assert!(
                [own, others, nobody].into_iter().zip(wanted).all(near),
                "{strangers:?}: {own} {others} {nobody}"
            );
        };
        check(None, [0.7, 0.3, 0.0]);
        check(Some(1.0), [0.7, 0.3, 0.0]);
        check(Some(5.0), [0.7, 0.3, 0.0]);
        check(Some(0.0), [0.4, 0.0, 0.6]);
        check(Some(0.5), [0.55, 0.15, 0.3]);
        assert_eq!(Queued::default().split(2, Some(1.0)), Behind::default());
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
