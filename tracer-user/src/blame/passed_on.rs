//! Who ended the waits at a pipe, whose waiters wake each other.
//!
//! The kernel wakes one writer of a full pipe at a time. Having written, that one wakes the next as long as there is room, in the call in
//! which it was woken itself, and so on; readers likewise (`wake_next_writer` and `wake_next_reader` of fs/pipe.c, Linux 5.5 and later). But none of
//! them made that room: whoever woke the first of them did. Who wakes in a later call does so for itself.

use foldhash::HashMap;

use crate::actors::ActorId;
use crate::classify::{WaitKind, WaitSite};

/// Who was woken at a pipe in the call that it is still in, and by whom.
#[derive(Clone, Debug, Default)]
pub(super) struct PassedOn {
    woken: HashMap<ActorId, (WaitSite, Option<ActorId>)>,
}

impl PassedOn {
    /// A wait of `who` ended; gives who ended it, in the end.
    pub(super) fn ended(
        &mut self,
        who: ActorId,
        station: WaitSite,
        waker: Option<ActorId>,
    ) -> Option<ActorId> {
        if !matches!(station.kind, WaitKind::PipeRead | WaitKind::PipeWrite) {
            return waker;
        }
        let first = waker
            .and_then(|waker| self.woken.get(&waker))
            .filter(|(at, _)| *at == station);
        let by = first.map_or(waker, |(_, by)| *by);
        self.woken.insert(who, (station, by));
        by
    }

    /// A call of `who` returned.
    pub(super) fn returned(&mut self, who: ActorId) {
        // Mostly nobody waits at a pipe, and calls are many.
        if !self.woken.is_empty() {
            self.woken.remove(&who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::ClassId;
    use crate::row::Tid;

    const PIPE: WaitSite = WaitSite::plain(WaitKind::PipeWrite, ClassId(1));
    const OTHER: WaitSite = WaitSite::plain(WaitKind::PipeWrite, ClassId(2));
    const READER: ActorId = ActorId::Thread(Tid(9));

    fn writer(number: u32) -> ActorId {
        ActorId::Thread(Tid(number))
    }

    /// The reader wakes the first writer, and that one the second.
    fn pair(between: impl FnOnce(&mut PassedOn), station: WaitSite) -> Option<ActorId> {
        let mut passed_on = PassedOn::default();
        let first = passed_on.ended(writer(1), PIPE, Some(READER));
        assert_eq!(first, Some(READER));
        between(&mut passed_on);
        passed_on.ended(writer(2), station, Some(writer(1)))
    }

    #[test]
    fn what_is_passed_on_within_a_call_is_ended_by_who_began_it() {
        assert_eq!(pair(|_| {}, PIPE), Some(READER));
        let mut passed_on = PassedOn::default();
        passed_on.ended(writer(1), PIPE, None);
        assert_eq!(passed_on.ended(writer(2), PIPE, Some(writer(1))), None);
        assert_eq!(passed_on.ended(writer(3), PIPE, Some(writer(2))), None);
    }

    #[test]
    fn who_wakes_in_another_call_or_elsewhere_does_so_itself() {
        let returned = |passed_on: &mut PassedOn| passed_on.returned(writer(1));
        assert_eq!(pair(returned, PIPE), Some(writer(1)));
        assert_eq!(pair(|_| {}, OTHER), Some(writer(1)));
        let lock = WaitSite::plain(WaitKind::Futex, ClassId(1));
        let mut passed_on = PassedOn::default();
        passed_on.ended(writer(1), lock, Some(READER));
        let next = passed_on.ended(writer(2), lock, Some(writer(1)));
        assert_eq!(next, Some(writer(1)));
    }
}
