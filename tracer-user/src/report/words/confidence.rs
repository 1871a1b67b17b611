//! What keeps the confidence from being higher, as a clause.

use super::{percent, short};
use crate::diagnose::{Confidence, Doubt, Sign};
use crate::scaling::with_model_error;

/// The reason, empty: there is none.
pub fn reason(confidence: &Confidence) -> String {
    match &confidence.doubt {
        Doubt::None => String::new(),
        Doubt::NothingNamed => "nothing is named".to_owned(),
        Doubt::Alternatives(causes) => {
            let ids: Vec<&str> = causes.iter().map(|cause| cause.id()).collect();
            format!("from outside it may also be {}", ids.join(", "))
        }
        // Its share stands beside it.
        Doubt::Unexplained(_) => "too much worker time is unexplained".to_owned(),
        Doubt::Lost(share) => format!("{:.1}% of the records were lost", 100.0 * share),
        Doubt::Kernel(share) => format!(
            "the times differ from the kernel's own by {}",
            percent(*share)
        ),
        Doubt::UnknownTime(share) => {
            format!("{} of worker time is in no known state", percent(*share))
        }
        Doubt::Unstable(share) => format!(
            "it comes first in only {} of resampled windows",
            percent(*share)
        ),
        Doubt::NotResampled => "not checked by resampling the window".to_owned(),
        Doubt::NotSeen(sign) => format!("not seen: {}", sign_words(*sign)),
        Doubt::NotAvailable(sign) => {
            format!("this trace cannot show {}", sign_words(*sign))
        }
        Doubt::Wide(interval) => {
            let [low, high] = with_model_error(*interval).map(short);
            format!("the SF lies between {low} and {high}")
        }
        Doubt::FewItems(1) => "only 1 item was completed".to_owned(),
        Doubt::FewItems(items) => format!("only {items} items were completed"),
    }
}

fn sign_words(sign: Sign) -> &'static str {
    match sign {
        Sign::WokenByCoWaiters => "wake-ups by fellow workers",
        Sign::ReleasedTogether => "waits that end together",
        Sign::WithinItems => "workers stopped in the middle of their items",
        Sign::HelpersCompute => "threads that compute while the workers wait",
        Sign::HolderSeen => "who held it meanwhile",
        Sign::OwnerWord => "the lock's own word for its owner",
        Sign::WaitsInLoops => "loops in which code waits",
        Sign::SlowerBeside => "computing that takes longer beside others",
        Sign::CallSite => "where in the code it is taken",
        Sign::RewrittenUnderIt => "a small file rewritten under the lock",
        Sign::SyncsMeet => "syncs that overlap",
        Sign::AccessesMeet => "reads or writes that overlap",
        Sign::DiskAtWork => "a disk that is at work meanwhile",
        Sign::SlowerTogether => "that it takes longer the more are there",
        Sign::MetNobody => "how long one takes that meets nobody",
        Sign::PeerAsFast => "that the peer takes as long however many ask",
        Sign::LimitUsedUp => "that the limit is used up",
        Sign::SeenInside => "the peer from inside",
        Sign::QueueInside => "what requests queue for inside the peer",
        Sign::AskedAgain => "connects that take as long as TCP waits before it asks again",
        Sign::QueueFull => "a full queue at the listener",
        Sign::WayIsFull => "a queue on the way, or segments that are lost there",
        Sign::OnItsWay => "bytes that are on their way for most of the waiting",
        Sign::EvenReplies => "evenly spaced replies",
        Sign::Plaintext => "requests that are not encrypted",
        Sign::HoldersInExchange => "holders that are inside an exchange",
        Sign::SlotsTaken => "slots that are always taken",
        Sign::FewerConnections => "fewer connections than workers",
        Sign::RepliesSaySo => "replies that say the client is throttled",
        Sign::Tokens => "waits that end evenly spaced",
        Sign::PeerSleeps => "threads of the peer that sleep side by side",
        Sign::ThreadsBusy => "threads without a pause",
        Sign::LoopIsBusy => "a thread without a pause",
        Sign::BehindOwnThreads => "that the CPUs are taken by the target's own threads",
        Sign::CpusBusy => "CPUs that the target keeps busy",
        Sign::KernelSaysSo => "the kernel's own word",
        Sign::RuntimeSaysSo => "the runtime's own word",
        Sign::WokenByProducer => "wake-ups by a producer",
        Sign::WokenByServers => "wake-ups by threads that do what is handed over",
    }
}
