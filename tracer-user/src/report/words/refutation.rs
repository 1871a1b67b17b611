//! What speaks against a cause, in full sentences.

use super::percent;
use crate::diagnose::Refutation;
use crate::number::millis;

pub fn refutation(by: &Refutation) -> String {
    match *by {
        Refutation::BehindOthers { share } => format!(
            "{} of the queueing was behind threads of other programs.",
            percent(share)
        ),
        Refutation::SpentWaiting { share } => format!(
            "{} of the workers' CPU time is spent waiting in loops.",
            percent(share)
        ),
        Refutation::ReadFirst { share } => format!(
            "Of what they read from disks {} had been in memory before.",
            percent(share)
        ),
        Refutation::WokenByOthers { by_workers } => format!(
            "Only {} of the wake-ups came from fellow workers.",
            percent(by_workers)
        ),
        Refutation::WokenByWorkers { by_workers } => format!(
            "{} of the waits were ended by fellow workers, not by a producer.",
            percent(by_workers)
        ),
        Refutation::OneAtATime { share } => format!(
            "Only {} of the waiting ended together with that of the others; the rest ended one at a time.",
            percent(share)
        ),
        Refutation::WokenForNothing { share } => format!(
            "{} of the times that they were woken they waited again at once: all are woken for what one takes.",
            percent(share)
        ),
        Refutation::NobodyCollects { computed, paused } => format!(
            "The threads that are no workers computed for {computed:.2} s, and these waits lasted {paused:.2} s: nobody collects garbage meanwhile."
        ),
        Refutation::OthersGoOn { computed } => {
            format!("Other workers computed for {computed:.2} s meanwhile: not all are stopped.")
        }
        Refutation::AtTheEndOfItems { share } => format!(
            "{} of these waits begin where an item ends: the workers wait for something to do.",
            percent(share)
        ),
        Refutation::LockIdles { unheld } => format!(
            "For {} of the time in which they wait nobody holds the lock: what keeps them is their own sleep.",
            percent(unheld)
        ),
        Refutation::TheyWrite => {
            "The workers wait there to write: it is the reader that is slow.".to_owned()
        }
        Refutation::OneConnection => {
            "All of them share one connection: that is a lock around it.".to_owned()
        }
        Refutation::EnoughConnections { connections } => {
            format!("{connections} connections are enough for all workers.")
        }
        Refutation::NoCpu { share } => format!(
            "{} of what replies take beyond the work on them the peer's threads are ready and have no CPU.",
            percent(share)
        ),
        Refutation::WorksOnIt {
            response_s,
            service_s,
        } => format!(
            "Of the {:.2} ms a reply takes, the peer works on the request for {:.2} ms.",
            1e3 * response_s,
            1e3 * service_s
        ),
        Refutation::ServedAlone { elasticity } => format!(
            "It takes as long however many are under way (elasticity {elasticity:.2}): each is served alone."
        ),
        Refutation::MetNobody { others } => {
            format!("They hardly meet: {others:.2} others are there at the same time.")
        }
        Refutation::SlotsFree { at_once, slots } => format!(
            "Of {slots:.0} slots {at_once:.1} are taken on average: whoever waits does not wait for one."
        ),
        Refutation::TakersIdle { idle } => format!(
            "Those that take it have nothing to take for {} of the time.",
            percent(idle)
        ),
        Refutation::ThreadsFree { threads, busy } => format!(
            "{} something to do for {} of the time only: whoever waits does not wait for one of them.",
            match threads {
                1 => "The thread beside them has".to_owned(),
                several => format!("The {several} threads beside them have"),
            },
            percent(busy)
        ),
        Refutation::FewHandOver { waiting, threads } => format!(
            "{waiting:.1} workers wait on average for what {threads} threads do for them: each has one, and what that does is the work itself."
        ),
        Refutation::CarriersBusy { busy } => format!(
            "The threads that carry the tasks are busy for {} of the time: requests begin as these come to them.",
            percent(busy)
        ),
        Refutation::CpusTaken { cpus } => format!(
            "The threads that carry the tasks compute on all {cpus} CPUs: more of them would find none."
        ),
        Refutation::SeveralCarriers { threads } => format!(
            "{threads} threads carry the tasks, and any of them could have read the replies."
        ),
        Refutation::NotAskedAgain { mean_s } => format!(
            "A connect takes {}, and TCP asks again after a second: none was dropped.",
            millis(1e3 * mean_s)
        ),
        Refutation::OnItsWay { share } => format!(
            "For {} of the waiting the request or its reply is on its way: the peer does not have it yet, or is done.",
            percent(share)
        ),
        Refutation::NotRead { share } => format!(
            "For {} of the waiting the other end has no room for what it is sent: it does not read.",
            percent(share)
        ),
        Refutation::ServerBusy { busy } => format!(
            "Its server works on requests for {} of the time: connections wait for it to be done with others.",
            percent(busy)
        ),
        Refutation::LimitNotUsedUp { used } => {
            format!("Only {} of the limit was used.", percent(used))
        }
        Refutation::DiskIdle { busy, present } => format!(
            "The disk has something to do for {} of the time, and they wait for {} of it: what they wait for is not the disk.",
            percent(busy),
            percent(present)
        ),
        Refutation::FewThrottled { replies, sleeps } => format!(
            "Only {} said so, and the workers slept {sleeps} times.",
            if replies == 1 {
                "1 reply".to_owned()
            } else {
                format!("{replies} replies")
            }
        ),
        Refutation::SleepsOfOneLength { variation } => format!(
            "The sleeps are all of one length (standard deviation {}): each passes its own time.",
            percent(variation)
        ),
        Refutation::Claimed { by } => format!("Its waits are those of {} ({by}).", by.title()),
    }
}
