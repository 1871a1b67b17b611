//! Signs that separate a cause from the one it is most easily taken for.

/// Something that can be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// Waits are ended by workers that had what is waited for: a lock or a pool, no queue.
    WokenByCoWaiters,
    /// All who wait are let go together.
    ReleasedTogether,
    /// They stop in the middle of their items.
    WithinItems,
    /// Threads of the process that are no workers compute for about as long as these wait.
    HelpersCompute,
    /// Who held it meanwhile, from hand-off to hand-off.
    HolderSeen,
    /// The lock's own word names a live thread.
    OwnerWord,
    /// Where in the code it is taken.
    CallSite,
    /// The workers rewrite one small file under the lock.
    RewrittenUnderIt,
    /// Syncs overlap.
    SyncsMeet,
    /// Reads, writes and page faults overlap.
    AccessesMeet,
    /// The disk has something to do while it is waited for.
    DiskAtWork,
    /// It takes longer the more are there at the same time.
    SlowerTogether,
    /// How long one takes that meets nobody.
    MetNobody,
    /// The peer takes as long however many requests are under way.
    PeerAsFast,
    /// The limit is used up.
    LimitUsedUp,
    /// The peer's own threads.
    SeenInside,
    /// What the requests queue for inside the peer.
    QueueInside,
    /// Connects that take as long as TCP waits before it asks again.
    AskedAgain,
    /// The queue of the listener had no room.
    QueueFull,
    /// Most of the waiting is time in which bytes are on their way.
    OnItsWay,
    /// What is on its way stands in a queue, or is dropped.
    WayIsFull,
    /// Replies come one by one, evenly spaced, in the order of the requests.
    EvenReplies,
    /// Requests that are not encrypted, so that more is known of them than their sizes.
    Plaintext,
    /// Who has what is waited for is inside an exchange with one peer.
    HoldersInExchange,
    /// As many requests are under way all the while as there are slots for them.
    SlotsTaken,
    /// Fewer connections than workers lead to the peer.
    FewerConnections,
    /// Replies that say the client is throttled.
    RepliesSaySo,
    /// Waits of varying length that end evenly spaced: tokens.
    Tokens,
    /// The peer's threads sleep side by side over the requests.
    PeerSleeps,
    /// The thread that carries the tasks has hardly a pause.
    LoopIsBusy,
    /// The threads that things are handed over to have hardly a pause.
    ThreadsBusy,
    /// The runtime of the tasks names what they wait for.
    RuntimeSaysSo,
    /// The kernel itself names what is waited for.
    KernelSaysSo,
    /// Threads are found in loops in which code waits.
    WaitsInLoops,
    /// Workers compute longer while others do.
    SlowerBeside,
    /// The CPUs are taken by the target's own threads.
    BehindOwnThreads,
    /// The target keeps the CPUs busy.
    CpusBusy,
    /// Waits are ended by one that is no worker.
    WokenByProducer,
    /// Waits are ended by threads that do what the workers hand over to them.
    WokenByServers,
}

/// What came of looking for a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Seen,
    /// It could have been seen, and is not there.
    NotSeen,
    /// This trace cannot show it.
    NotAvailable,
}

impl Outcome {
    /// Seen or not.
    #[must_use]
    pub const fn of(seen: bool) -> Self {
        if seen { Self::Seen } else { Self::NotSeen }
    }

    /// Seen, or else not to be seen here.
    #[must_use]
    pub const fn if_there(seen: bool) -> Self {
        if seen { Self::Seen } else { Self::NotAvailable }
    }
}

/// A sign, and what came of looking for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Test {
    /// What was looked for.
    pub sign: Sign,
    /// What came of it.
    pub outcome: Outcome,
}

impl Sign {
    /// The sign with what came of looking for it.
    #[must_use]
    pub const fn is(self, outcome: Outcome) -> Test {
        Test {
            sign: self,
            outcome,
        }
    }
}
