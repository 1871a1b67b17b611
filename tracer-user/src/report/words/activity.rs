//! What a thread does, as a clause.

use crate::blame::HolderActivity;
use crate::classify::{WaitKind, WaitSite};
use crate::diagnose::{Findings, Holding};

/// What a thread does: `is in fsync of /data/out.log`.
pub(super) fn doing(findings: &Findings<'_>, activity: HolderActivity) -> String {
    match activity {
        HolderActivity::Runs => "computes".to_owned(),
        HolderActivity::Queues => "waits for a CPU".to_owned(),
        HolderActivity::Unknown => "does what was not seen".to_owned(),
        HolderActivity::Blocked(site) => waiting(findings, site),
    }
}

/// What a blocked thread waits for.
fn waiting(findings: &Findings<'_>, site: WaitSite) -> String {
    let name = findings.class(site.class);
    match site.kind {
        WaitKind::Sleep => "sleeps".to_owned(),
        WaitKind::Sync => format!("is in fsync of {name}"),
        WaitKind::Request => format!("waits for the reply of {name}"),
        WaitKind::Service => "waits for its next request".to_owned(),
        WaitKind::Connect => format!("connects to {name}"),
        WaitKind::PipeRead => format!("reads the empty {name}"),
        WaitKind::PipeWrite => format!("writes to the full {name}"),
        WaitKind::File => format!("is in a read or write of {name}"),
        WaitKind::Futex => format!(
            "waits for the {}",
            findings.lock_name(findings.lock_site(site).class)
        ),
        WaitKind::FileLock => format!("waits for the lock of {name}"),
        WaitKind::Poll => "polls".to_owned(),
        WaitKind::Carrier => "waits for the thread that carries it".to_owned(),
        WaitKind::Parked => match findings.place(site) {
            Some(_) => format!("waits in {name}"),
            None => "waits inside its process".to_owned(),
        },
        WaitKind::Child => "waits for a child process".to_owned(),
        WaitKind::Fault => "is in a page fault".to_owned(),
        WaitKind::KernelLock => format!("waits for the kernel's lock of {name}"),
        WaitKind::Memory => "waits for memory".to_owned(),
        WaitKind::Other => "is in another call".to_owned(),
    }
}

/// `each worker in turn, which sleeps meanwhile`.
pub(super) fn holder(findings: &Findings<'_>, holding: Option<Holding>) -> String {
    match holding {
        None => "one worker at a time".to_owned(),
        Some(Holding {
            activity: HolderActivity::Unknown,
            ..
        }) => "one worker at a time".to_owned(),
        Some(Holding { activity, .. }) => {
            let doing = doing(findings, activity);
            format!("each worker in turn, which {doing} meanwhile")
        }
    }
}
