//! How much of what the targets send over TCP, and are sent, is on its way: looks at their connections, some times a second.
//!
//! In: the ends of the connections that the targets use. Out: by the address at the other end, how many of them had much on its way, in
//! either direction. What comes back is seen only of an end in the same network namespace. Looks are samples. Targets in another
//! namespace than the first of them are not told of.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use super::tcp_diag::in_namespace_of;
use super::unconfirmed::{Unconfirmed, unconfirmed};
use super::{address, sock_diag};
use crate::row::{Nanos, Pid, Transit};

/// Time between two looks.
const EVERY: Nanos = Nanos(250_000_000);
/// Connections that are asked about at a look; the others have their turn at a later one. A question takes some five microseconds.
const ASKED: usize = 64;
/// The confirmation of so many segments may wait for what is sent back (delayed acknowledgement, RFC 1122, 4.2.3.2).
const DELAYED: u32 = 2;
/// So many bytes are much however long a segment is.
const MUCH: u32 = 16 << 10;
/// A round trip of more than so many times the shortest one to the address is mostly spent in a queue.
const QUEUES: u32 = 2;
/// Most addresses that are told of.
const MOST: usize = 256;

/// The two ends of a connection, the target's first.
pub type Ends = (SocketAddr, SocketAddr);

/// What was seen on its way.
#[derive(Debug, Default)]
pub struct Transits {
    fd: Option<OwnedFd>,
    looked: Option<Nanos>,
    /// Where the next look begins.
    next: usize,
    seen: BTreeMap<SocketAddr, Seen>,
}

/// What was seen at an address.
#[derive(Debug)]
struct Seen {
    transit: Transit,
    /// The shortest round trip, us.
    shortest: u32,
}

/// What a look found at an address.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Known, those that are gone among them.
    connections: u32,
    asked: u32,
    gone: u32,
    sending: u32,
    unread: u32,
    receiving: u32,
    queued: u32,
    /// The shortest round trip to it so far, us.
    shortest: u32,
}

impl Transits {
    /// Of the namespace that `pid` is in; nothing is told where that may not be asked.
    #[must_use]
    pub fn of(pid: Pid) -> Self {
        Self {
            fd: in_namespace_of(pid, sock_diag::open),
            ..Self::default()
        }
    }

    /// Whether it is time for a look.
    #[must_use]
    pub fn is_due(&self, now: Nanos) -> bool {
        self.looked.is_none_or(|last| now.since(last) >= EVERY)
    }

    /// Looks at these connections; gives those that are not there any more.
    pub fn look(&mut self, all: &[Ends], now: Nanos) -> Vec<Ends> {
        self.looked = Some(now);
        let Some(fd) = self.fd.as_ref().filter(|_| !all.is_empty()) else {
            return Vec::new();
        };
        let asks = |local, remote| unconfirmed(fd, local, remote).ok().flatten();
        let from = self.next % all.len();
        self.next = from + ASKED.min(all.len());
        let turn = all.iter().cycle().skip(from).take(ASKED.min(all.len()));
        let mut found: BTreeMap<SocketAddr, Found> = BTreeMap::new();
        for (_, remote) in all {
            let at = found.entry(*remote).or_insert_with(|| Found {
                shortest: self.seen.get(remote).map_or(u32::MAX, |seen| seen.shortest),
                ..Found::default()
            });
            at.connections += 1;
        }
        let mut gone = Vec::new();
        for (local, remote) in turn {
            let at = found.entry(*remote).or_default();
            match asks(*local, *remote) {
                Some(there) => at.take(there, || asks(*remote, *local)),
                None => {
                    at.gone += 1;
                    gone.push((*local, *remote));
                }
            }
        }
        for (remote, found) in found {
            if found.asked > 0 {
                self.saw(remote, found);
            }
        }
        gone
    }

    fn saw(&mut self, remote: SocketAddr, found: Found) {
        if self.seen.len() >= MOST && !self.seen.contains_key(&remote) {
            return;
        }
        let seen = self.seen.entry(remote).or_insert_with(|| Seen {
            transit: Transit::default(),
            shortest: u32::MAX,
        });
        seen.shortest = seen.shortest.min(found.shortest);
        let seen = &mut seen.transit;
        seen.looks += 1;
        seen.used += u32::from(found.sending + found.receiving > 0);
        for (sum, one) in [
            (&mut seen.connections, found.living()),
            (&mut seen.asked, found.asked),
            (&mut seen.sending, found.sending),
            (&mut seen.unread, found.unread),
            (&mut seen.receiving, found.receiving),
            (&mut seen.queued, found.queued),
        ] {
            *sum = sum.saturating_add(one);
        }
    }

    /// All that was seen so far, by address.
    #[must_use]
    pub fn all(&self) -> Vec<Transit> {
        let tell = |(remote, seen): (&SocketAddr, &Seen)| Transit {
            remote: address::text(*remote),
            ..seen.transit.clone()
        };
        self.seen.iter().map(tell).collect()
    }
}

/// More than what is confirmed a little later.
fn is_much(of: Unconfirmed) -> bool {
    of.bytes >= MUCH || of.bytes > DELAYED * of.segment.clamp(1, MUCH)
}

impl Found {
    /// How many of the connections are there, by those that were asked about.
    fn living(self) -> u32 {
        let looked_for = u64::from(self.asked + self.gone).max(1);
        let living = u64::from(self.connections) * u64::from(self.asked) / looked_for;
        u32::try_from(living).unwrap_or(u32::MAX)
    }

    /// A connection has this on its way there; `back` asks what it has on its way back.
    fn take(&mut self, there: Unconfirmed, back: impl FnOnce() -> Option<Unconfirmed>) {
        self.asked += 1;
        self.learn(there.shortest);
        if !is_much(there) {
            let Some(back) = back().filter(|back| is_much(*back) && !back.is_refused) else {
                return;
            };
            self.learn(back.shortest);
            self.receiving += 1;
            self.queued += u32::from(self.queues(back));
        } else if there.is_refused {
            self.unread += 1;
        } else {
            self.sending += 1;
            self.queued += u32::from(self.queues(there));
        }
    }

    fn learn(&mut self, shortest: u32) {
        if shortest > 0 {
            self.shortest = self.shortest.min(shortest);
        }
    }

    fn queues(&self, now: Unconfirmed) -> bool {
        now.round_trip > self.shortest.saturating_mul(QUEUES)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn unconfirmed_of(bytes: u32, is_refused: bool) -> Unconfirmed {
        Unconfirmed {
            bytes,
            is_refused,
            segment: 1 << 16,
            round_trip: 300,
            shortest: 150,
        }
    }

    #[test]
    fn what_the_other_end_has_no_room_for_is_not_on_its_way() {
        let mut found = Found {
            shortest: u32::MAX,
            ..Found::default()
        };
        let [much, little] = [MUCH, MUCH - 1];
        let none = || None;
        found.take(unconfirmed_of(much, false), none);
        found.take(unconfirmed_of(much, true), none);
        found.take(unconfirmed_of(little, false), none);
        found.take(unconfirmed_of(0, false), || {
            Some(unconfirmed_of(much, false))
        });
        found.take(unconfirmed_of(0, false), || {
            Some(unconfirmed_of(much, true))
        });
        assert_eq!(
            (found.asked, found.sending, found.unread, found.receiving),
            (5, 1, 1, 1)
        );
    }

    #[test]
    fn more_than_two_segments_are_much() {
        let of = |bytes, segment| Unconfirmed {
            segment,
            ..unconfirmed_of(bytes, false)
        };
        for (bytes, segment, much) in [
            (2_896, 1_448, false),
            (2_897, 1_448, true),
            (MUCH - 1, 65_483, false),
            (MUCH, 65_483, true),
            (0, 0, false),
        ] {
            assert_eq!(is_much(of(bytes, segment)), much, "{bytes} {segment}");
        }
    }

    #[test]
    fn who_waits_longer_than_the_way_takes_waits_in_a_queue() {
        let mut found = Found {
            shortest: 200,
            ..Found::default()
        };
        let on_its_way = |round_trip, shortest| Unconfirmed {
            round_trip,
            shortest,
            ..unconfirmed_of(MUCH, false)
        };
        found.take(on_its_way(400, 300), || None);
        assert_eq!((found.sending, found.queued), (1, 0));
        found.take(on_its_way(401, 0), || None);
        // Another connection had a shorter one.
        found.take(on_its_way(300, 100), || None);
        assert_eq!((found.sending, found.queued, found.shortest), (3, 2, 100));
    }

    #[test]
    fn connections_are_looked_at_in_turn_and_those_that_are_gone_are_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("bound");
        let mut clients: Vec<TcpStream> = (0..ASKED + 10)
            .map(|_| TcpStream::connect(at).expect("connects"))
            .collect();
        let mut all: Vec<Ends> = clients
            .iter()
            .map(|client| (client.local_addr().expect("bound"), at))
            .collect();
        // Nobody reads it.
        let last = clients.last_mut().expect("one");
        last.set_nonblocking(true).expect("does not wait");
        while last.write(&[0; 1 << 16]).is_ok() {}
        // This one was never there.
        all.insert(0, (SocketAddr::from(([127, 0, 0, 1], 1)), at));
        let mut transits = Transits::of(Pid(std::process::id()));
        let gone = transits.look(&all, Nanos(1));
        assert_eq!(gone, [all[0]]);
        all.remove(0);
        assert!(!transits.is_due(Nanos(2)) && transits.is_due(EVERY + Nanos(1)));
        assert_eq!(transits.look(&all, EVERY + Nanos(1)), []);
        let seen = transits.all();
        assert_eq!(seen.len(), 1, "{seen:?}");
        let seen = &seen[0];
        let count = u32::try_from(clients.len()).expect("few");
        assert_eq!(seen.remote, at.to_string());
        // Of the 64 that were asked about one was not there.
        assert_eq!(
            (seen.looks, seen.connections, seen.asked),
            (2, 2 * count - 1, 127)
        );
        assert_eq!(
            (seen.used, seen.sending, seen.unread),
            (0, 0, 1),
            "{seen:?}"
        );
    }
}
