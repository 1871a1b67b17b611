//! Scripted workloads through the collector.

mod holders;
mod locks;
mod others;
mod together;

use super::{Collector, LockGroups, LockStats};
use crate::actors::{ActorId, of_thread};
use crate::classify::replay::replay;
use crate::classify::{Classifier, WaitKind, WaitSite};
use crate::row::{MemorySource, Nanos, Tid};
use crate::script;

/// What the collector has of a trace.
struct Blamed {
    classifier: Classifier,
    collector: Collector,
    groups: LockGroups,
    at: Nanos,
    window: f64,
}

impl Blamed {
    fn of(text: &str) -> Self {
        Self::in_trace(&script::workload(text))
    }

    fn in_trace(source: &MemorySource) -> Self {
        let mut collector = Collector::new(source.meta.host.cpus);
        let classifier = replay(source, &mut |event, classifier| {
            collector.collect(&of_thread(event), classifier);
        });
        let at = source.meta.closed;
        let groups = LockGroups::find(&classifier, &collector.locks, at);
        Self {
            classifier,
            collector,
            groups,
            at,
            window: source.meta.window().seconds(),
        }
    }

    /// The futex locks that are worth a look, heaviest first.
    fn locks(&self) -> Vec<&LockStats> {
        let mut all: Vec<&LockStats> = self.groups.all().map(|(_, stats)| stats).collect();
        all.retain(|stats| stats.waiting.seconds() > 0.01 * self.window);
        all.sort_by_key(|stats| std::cmp::Reverse(stats.waiting));
        all
    }

    /// The only futex lock that is worth a look.
    fn lock(&self) -> &LockStats {
        let locks = self.locks();
        assert_eq!(locks.len(), 1, "{locks:#?}");
        locks[0]
    }

    /// The only file that is locked.
    fn file(&self) -> &LockStats {
        let files: Vec<&LockStats> = self.groups.all_files().map(|(_, stats)| stats).collect();
        assert_eq!(files.len(), 1, "{files:#?}");
        files[0]
    }

    /// All stations of a kind.
    fn wakers(&self, kind: WaitKind) -> Vec<(WaitSite, &super::Wakers)> {
        let all = self.collector.wakers.iter();
        let mut list: Vec<_> = all.filter(|(site, _)| site.kind == kind).collect();
        list.sort_by_key(|(site, _)| **site);
        list.into_iter()
            .map(|(site, wakers)| (*site, wakers))
            .collect()
    }
}

fn thread(tid: u32) -> ActorId {
    ActorId::Thread(Tid(tid))
}
