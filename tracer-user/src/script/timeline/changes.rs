//! What becomes of a thread when a timeline says that it queues, is woken or runs.

use super::{FUTEX_WAKE, TARGET, TIMED_OUT, Timeline};
use crate::row::{Call, Nanos, Reason, ResourceId, Syscall, Tid, Waker};
use crate::script::names::Word;
use crate::script::rows::{Entry, OffCpu};

impl Timeline {
    pub(super) fn entry(&mut self, what: &str) -> Entry {
        match what {
            "sleep" => Entry::of(Syscall::ClockNanosleep, self.names.timer()),
            "fsync" => Entry::of(Syscall::Fsync, self.names.file("file")),
            "child" => Entry::of(Syscall::Wait, ResourceId::NONE),
            word => {
                let known = self.words.iter().position(|known| known == word);
                let of = known.unwrap_or_else(|| {
                    self.words.push(word.to_owned());
                    self.words.len() - 1
                });
                let word_of = Word {
                    of: of as u64,
                    part: 0,
                    is_shared: false,
                };
                Entry {
                    stack: self.names.site(word, TARGET),
                    ..Entry::of(Syscall::Futex, self.names.word(word_of, TARGET))
                }
            }
        }
    }

    pub(super) fn queues(&mut self, name: &str) {
        let now = self.now;
        let thread = self.thread(name);
        if thread.off.is_none() {
            thread.off = Some(OffCpu {
                since: now,
                reason: Reason::Preempted,
                ..OffCpu::default()
            });
        }
    }

    pub(super) fn wakes(&mut self, name: &str, other: &str) {
        let now = self.now;
        let waker = self.thread(name).who.clone();
        let woken = self.thread(other);
        let mut word = None;
        if let Some(off) = &mut woken.off {
            off.woken = now;
            off.waker = Waker {
                tid: waker.tid,
                pid: waker.pid,
                call: Syscall::Futex,
                kernel_thread: false,
            };
            word = Some(off.entry).filter(|entry| entry.call == Syscall::Futex);
            woken.runs_at_once = true;
        }
        if let Some(word) = word {
            let entry = Entry {
                op: FUTEX_WAKE,
                ..word
            };
            self.call(name, entry, (now, now), 1, false);
        }
    }

    pub(super) fn ends(&mut self, name: &str) {
        self.ends_at(name, self.now);
    }

    /// A thread off its CPU runs again at `end`.
    pub(super) fn ends_at(&mut self, name: &str, end: Nanos) {
        let thread = self.thread(name);
        let Some(mut off) = thread.off.take() else {
            return;
        };
        let who = thread.who.clone();
        let is_woken = off.waker.tid != Tid(0);
        if off.reason == Reason::Blocked && off.woken == Nanos::ZERO {
            off.woken = end;
        }
        self.rows.wait(&who, &off, end, false);
        if off.reason == Reason::Blocked {
            let is_late = off.entry.call == Syscall::Futex && !is_woken;
            let ret = if is_late { TIMED_OUT } else { 0 };
            self.call(name, off.entry, (off.since, end), ret, true);
        }
    }

    pub(super) fn call(
        &mut self,
        name: &str,
        entry: Entry,
        times: (Nanos, Nanos),
        ret: i64,
        blocked: bool,
    ) {
        let thread = self.thread(name);
        thread.seq += 1;
        let (who, seq) = (thread.who.clone(), thread.seq);
        self.rows.call(Call {
            start: times.0,
            end: times.1,
            tid: who.tid,
            pid: who.pid,
            call: entry.call,
            op: entry.op,
            resource: entry.resource,
            ret,
            seq,
            blocked,
            ..Call::default()
        });
    }
}
