//! What stands behind a peer on this host that passes requests on: a proxy, or a pooler of connections.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use super::inside::{is_same_number, serving_at};
use crate::blame::ServiceStats;
use crate::row::{Pid, Resource, ResourceKind, SocketRole};

/// A service to which a peer passes on as many requests as it is asked.
pub(super) struct Behind<'a> {
    /// Where it is reached.
    pub(super) address: &'a str,
    /// What its processes did for these requests.
    pub(super) books: Vec<&'a ServiceStats>,
    /// Mean time that a request is there, s.
    pub(super) response: f64,
}

impl Behind<'_> {
    /// Threads, or processes, that serve there.
    pub(super) fn servers(&self) -> usize {
        self.books.iter().map(|stats| stats.threads.len()).sum()
    }

    /// Name of its process.
    pub(super) fn process(&self, findings: &Findings<'_>) -> String {
        let pid = self.books.first().map(|stats| stats.pid);
        pid.map(|pid| findings.process(pid)).unwrap_or_default()
    }
}

/// The service behind the processes of `front`, which were asked `visits` times.
pub(super) fn behind<'a>(
    findings: &'a Findings<'a>,
    front: &[&ServiceStats],
    visits: f64,
) -> Option<Behind<'a>> {
    let own: BTreeSet<Pid> = front.iter().map(|stats| stats.pid).collect();
    let leads_on = |socket: &&Resource| {
        socket.kind == ResourceKind::Socket
            && socket.role == SocketRole::Client
            && own.contains(&socket.pid)
            && socket.peer_pid.0 != 0
            && !own.contains(&socket.peer_pid)
    };
    let mut ends: BTreeMap<&str, BTreeSet<Pid>> = BTreeMap::new();
    for socket in findings.classes.resources().filter(leads_on) {
        let pids = ends.entry(socket.remote.as_str()).or_default();
        pids.insert(socket.peer_pid);
    }
    let services = ends.into_iter().filter_map(|(address, pids)| {
        let books = serving_at(findings, address, &pids);
        let all = books.iter();
        let (requests, total) = all.fold((0, 0.0), |(requests, total), stats| {
            (requests + stats.requests, total + stats.total.seconds())
        });
        #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
        let number = requests as f64;
        is_same_number(number, visits).then(|| Behind {
            address,
            books,
            response: total / number,
        })
    });
    services.max_by(|one, other| one.response.total_cmp(&other.response))
}
