//! Who has a CPU, who queues for one, and who needs none.

use super::machine::{Event, Machine, SLICE};
use super::rows::OffCpu;
use super::stations::ThreadIndex;
use super::thread::{Place, queued};
use crate::row::{Nanos, Reason, Tid, Waker};

impl Machine<'_> {
    /// A thread that may run gets a CPU, or queues for one.
    pub(super) fn place(&mut self, who: ThreadIndex) {
        if self.idle_cpus > 0 {
            self.idle_cpus -= 1;
            self.due(self.now, Event::Dispatch(who));
        } else {
            self.ready.push_back(who);
        }
    }

    pub(super) fn dispatch(&mut self, who: ThreadIndex) {
        let now = self.now;
        let thread = &mut self.threads[who];
        if let Place::Off(off) = thread.place {
            thread.schedstat.delay += queued(&off, now);
            thread.place = Place::Running(now);
            // Who never ran has not left a CPU.
            if thread.schedstat.voluntary + thread.schedstat.involuntary > 0 {
                self.rows.wait(&thread.who, &off, now, false);
            }
        }
        self.run(who);
    }

    pub(super) fn slice(&mut self, who: ThreadIndex) {
        let thread = &mut self.threads[who];
        thread.left = thread.left - SLICE.min(thread.left);
        if thread.left > Nanos::ZERO && !self.ready.is_empty() {
            self.leave(who, Reason::Preempted);
            self.ready.push_back(who);
            return;
        }
        self.run(who);
    }

    /// A thread leaves its CPU, which goes to whoever waits longest for one.
    pub(super) fn leave(&mut self, who: ThreadIndex, reason: Reason) {
        self.count_run(who);
        let thread = &mut self.threads[who];
        match reason {
            Reason::Blocked => thread.schedstat.voluntary += 1,
            _ => thread.schedstat.involuntary += 1,
        }
        let call = thread.call.filter(|_| reason == Reason::Blocked);
        thread.place = Place::Off(OffCpu {
            since: self.now,
            reason,
            entry: call.map(|open| open.entry).unwrap_or_default(),
            owner: call.map_or(Tid(0), |open| open.owner),
            ..OffCpu::default()
        });
        self.free_cpu();
    }

    pub(super) fn count_run(&mut self, who: ThreadIndex) {
        let thread = &mut self.threads[who];
        if let Place::Running(since) = thread.place {
            thread.schedstat.run += self.now.since(since);
        }
    }

    pub(super) fn free_cpu(&mut self) {
        match self.ready.pop_front() {
            Some(next) => self.due(self.now, Event::Dispatch(next)),
            None => self.idle_cpus += 1,
        }
    }

    /// A thread is blocked in its call.
    pub(super) fn block(&mut self, who: ThreadIndex) {
        if let Some(call) = &mut self.threads[who].call {
            call.blocked = true;
        }
        self.leave(who, Reason::Blocked);
    }

    /// A thread's wait ends.
    pub(super) fn wake(&mut self, who: ThreadIndex, waker: Waker) {
        if let Place::Off(off) = &mut self.threads[who].place
            && off.reason == Reason::Blocked
            && off.woken == Nanos::ZERO
        {
            (off.woken, off.waker) = (self.now, waker);
            self.place(who);
        }
    }
}
