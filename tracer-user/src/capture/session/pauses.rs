//! Carries out what the overhead controller decides: tells the kernel side what to leave out, and pauses between windows.

use tracer_common::narrow;

use super::drain::Drain;
use super::{MOST_PASSES, Session};
use crate::capture::overhead::budget::Step;
use crate::capture::probes::attach;
use crate::capture::{CaptureError, clock};
use crate::row::Nanos;

impl Session {
    /// Does what the overhead budget asks for, if there is one.
    ///
    /// # Errors
    /// [`CaptureError`] when probes cannot be detached or attached again.
    pub(super) fn control_overhead(&mut self) -> Result<(), CaptureError> {
        let Some(mut controller) = self.controller.take() else {
            return Ok(());
        };
        let now = clock::monotonic();
        let tracked = &self.tracked;
        let is_paused = self.is_paused();
        let Drain {
            received,
            tally,
            clock,
            ..
        } = &mut self.drain;
        let since_opened = clock.at(now).since(self.meta.opened);
        let step = controller.decide(
            || tracked.living(),
            *received,
            tally,
            is_paused,
            since_opened,
        );
        let outcome = match step {
            Step::Stay => Ok(()),
            Step::Narrow(level) => self.tasks.leave_out(narrow::halvings(level.halvings)),
            Step::Pause => self.pause(now),
            Step::Resume => self
                .resume(narrow::halvings(controller.level().halvings))
                .map(|()| controller.resumed()),
        };
        self.controller = Some(controller);
        outcome
    }

    /// Ends a window: waits are cut here, and the probes that cost something are detached.
    fn pause(&mut self, at: Nanos) -> Result<(), CaptureError> {
        self.tasks.pass(&mut self.ebpf, 0)?;
        let left_out = self.tasks.left_out();
        self.tasks.leave_out(left_out | narrow::PAUSED)?;
        self.drain.clock.pause(at);
        self.idle_cpus.pause();
        attach::detach(&mut self.ebpf, &mut self.links)?;
        self.drain();
        // It asks of all sockets, and nobody drains meanwhile.
        self.close_network();
        Ok(())
    }

    /// Opens the next window as the first one was opened: what the kernel side knew of the threads is void.
    fn resume(&mut self, left_out: u64) -> Result<(), CaptureError> {
        self.tasks.reset(&mut self.ebpf)?;
        self.tasks.leave_out(left_out)?;
        attach::attach_again(&mut self.ebpf, &mut self.links)?;
        for _ in 0..MOST_PASSES {
            if self.tasks.pass(&mut self.ebpf, u64::MAX)?.fresh == 0 {
                break;
            }
        }
        // Records that come from before this instant belong to the pause.
        self.drain();
        let now = clock::monotonic();
        self.drain.clock.resume(now);
        self.idle_cpus.resume();
        let join = self.drain.clock.at(now);
        self.meta.joins.push(join);
        self.untold.joins.push(join);
        self.find_open_requests(join);
        Ok(())
    }
}
