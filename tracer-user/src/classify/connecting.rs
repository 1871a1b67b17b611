//! Connections that are being made: in the call that asks for one, or, where that does not wait, in a poll after it.
//!
//! In: calls on sockets, in their order. Out: from when to when a connection took. Where a poll is for many sockets, when one of them was
//! there is not seen: it is taken to be when it is first used.

use foldhash::HashMap;

use super::event::Connected;
use crate::row::{Call, Nanos, ResourceId, Syscall};

/// `-EINPROGRESS`, `-EALREADY` (include/uapi/asm-generic/errno.h): it goes on after the call.
const GOES_ON: [i64; 2] = [-115, -114];

/// The connections that are being made, by their sockets, and when each was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Connecting(HashMap<ResourceId, Nanos>);

impl Connecting {
    /// A connection on this socket is asked for and not there yet, as far as is seen.
    pub(super) fn is(&self, socket: ResourceId) -> bool {
        self.0.contains_key(&socket)
    }

    /// A call on a socket; gives the connection that was made by it or before it.
    pub(super) fn call(&mut self, call: &Call) -> Option<Connected> {
        let socket = call.resource;
        match call.call {
            Syscall::Connect if GOES_ON.contains(&call.ret) => {
                self.0.entry(socket).or_insert(call.start);
                None
            }
            Syscall::Connect => {
                // Who asks again after a poll is told at once, and the poll has told it.
                let was_asked = self.0.remove(&socket).is_some();
                (!was_asked).then_some(Connected {
                    from: call.start,
                    until: call.end,
                })
            }
            Syscall::Close => {
                self.0.remove(&socket);
                None
            }
            name if call.ret > 0 && (name.is_poll() || name.is_input() || name.is_output()) => {
                let from = self.0.remove(&socket)?;
                let until = if name.is_poll() { call.end } else { call.start };
                Some(Connected { from, until })
            }
            _ => None,
        }
    }

    /// Windows join: what is made in a pause is not seen.
    pub(super) fn join(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of calls that follow each other 10 ns apart and take 5, the connections they give.
    fn check(calls: &[(Syscall, i64)], expect: &[(u64, u64)]) {
        let mut connecting = Connecting::default();
        let made = calls.iter().zip(1_u64..).filter_map(|((call, ret), at)| {
            connecting.call(&Call {
                call: *call,
                ret: *ret,
                start: Nanos(10 * at),
                end: Nanos(10 * at + 5),
                resource: ResourceId(7),
                ..Call::default()
            })
        });
        let made: Vec<_> = made.map(|made| (made.from.0, made.until.0)).collect();
        assert_eq!(made, expect, "{calls:?}");
    }

    #[test]
    fn a_connection_takes_from_asking_to_being_there() {
        use Syscall::{Close, Connect, EpollWait, Poll, Recvfrom, Sendto};
        check(&[(Connect, 0), (Sendto, 9), (Recvfrom, 9)], &[(10, 15)]);
        check(&[(Connect, -110)], &[(10, 15)]);
        // The poll has run into its own time limit first.
        check(
            &[
                (Connect, -115),
                (Poll, 0),
                (Poll, 1),
                (Sendto, 9),
                (Poll, 1),
            ],
            &[(10, 35)],
        );
        check(
            &[(Connect, -115), (Poll, 1), (Connect, 0)],
            &[(10, 25), (30, 35)],
        );
        check(
            &[(Connect, -115), (Connect, -114), (Sendto, 9)],
            &[(10, 30)],
        );
        check(&[(Connect, -115), (Close, 0), (Sendto, 9)], &[]);
        check(&[(EpollWait, 1), (Sendto, 9)], &[]);
    }
}
