//! What a page draws beside the report: values whose every string is fit to print.

/// What was seen over time, as far as it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Length of the window, s.
    pub window_s: f64,
    /// Segments are told in steps of so many seconds.
    pub step_s: f64,
    /// Ends of items are told in steps of so many seconds.
    pub tick_step_s: f64,
    /// What the actors of the rows do, by number.
    pub doings: Vec<Doing>,
    /// What else is known of a wait, by number; the first: nothing.
    pub details: Vec<WaitDetail>,
    /// The workers in their order, then the threads that carry them.
    pub rows: Vec<ActorRow>,
    /// Workers that are drawn in no row: there are more than a page can show.
    pub left_out: usize,
    /// Workers that no event shows one by one.
    pub unseen: usize,
    /// Where the workers wait, in seconds.
    pub waiting: Vec<StackTime>,
    /// Where processes compute, in samples.
    pub computing: Vec<StackTime>,
    /// How requests to the peer that matters are answered.
    pub responses: Option<Responses>,
}

/// A sort of what actors do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DoingKind {
    /// Not born yet, or ended.
    #[default]
    Absent,
    /// Nothing is known.
    Unknown,
    /// On a CPU.
    Running,
    /// Could run, and has no CPU.
    Queued,
    /// Stopped by a signal, a debugger or the freezer.
    Stopped,
    /// Waits for a peer.
    Peer,
    /// Waits for a lock.
    Lock,
    /// Waits for a file, a disk or memory.
    File,
    /// Sleeps.
    Sleep,
    /// Waits inside its process, or for what is not known better.
    Inside,
}

/// Something that actors do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doing {
    /// Of what sort.
    pub kind: DoingKind,
    /// Its name.
    pub name: String,
    /// The time lost to the cause of the verdict is lost here.
    pub serialises: bool,
}

/// What is known of a wait beyond what it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitDetail {
    /// Where in the code, empty: not known.
    pub call_site: String,
    /// Who ended it, empty: nobody seen, a timer or the network.
    pub ended_by: String,
}

/// Some steps of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSegment {
    /// How many steps.
    pub steps: u32,
    /// Which [`Doing`].
    pub doing: u32,
    /// Which [`WaitDetail`].
    pub detail: u32,
}

/// What one actor does over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActorRow {
    /// As the report calls it: `worker 12`.
    pub name: String,
    /// What it is: `thread 4711`, `task 12`.
    pub what: String,
    /// It carries workers, and is none.
    pub carries: bool,
    /// From the begin of the window on.
    pub segments: Vec<RowSegment>,
    /// Steps in which items ended.
    pub ticks: Vec<u32>,
}

/// Time of one call stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StackTime {
    /// The outermost first; of waiting the last is what for.
    pub frames: Vec<String>,
    /// The frame that a person should read, empty: not known.
    pub call_site: String,
    /// Seconds, or samples.
    pub weight: f64,
    /// The innermost frame is what serialises.
    pub serialises: bool,
}

/// How requests to one peer are answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Responses {
    /// Which peer.
    pub peer: String,
    /// For each request, how many were under way when it was sent, itself among them; and how long it took, s.
    pub points: Vec<[f64; 2]>,
    /// Requests there were.
    pub count: usize,
    /// What the analysis says of it, where that names it: how many it serves at once, and how long one takes, s.
    pub serves: Option<[f64; 2]>,
}
