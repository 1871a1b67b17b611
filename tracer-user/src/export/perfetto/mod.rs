//! Perfetto's trace format, for ui.perfetto.dev: what each thread and task does over time.
//!
//! | track | what is on it |
//! |---|---|
//! | a thread, below its process | slices: running, ready but without a CPU, waiting and for what; who wakes whom as arrows |
//! | `task N` | the same of a task that threads carry |
//! | a connection | requests of the targets, from the first byte sent to the first byte of the reply that was read |
//! | in flight | how many requests are under way at each peer |
//! | run queue | how many threads of the targets and of their local peers are ready to run without a CPU |
//!
//! States are those of the report: time is cut at the window's ends, and what is not known is left blank. Memory is bounded by a batch, by the
//! requests under way, and by the names of what is waited for.

mod in_flight;
mod packets;
mod proto;

use std::collections::HashMap;
use std::io;

use self::in_flight::InFlight;
use self::packets::{Flows, Packets, Track};
use super::{Export, ExportError};
use crate::actors::ActorId;
use crate::analyse;
use crate::classify::{
    ClassId, ClassKind, ClassifiedCall, Classifier, Event, Piece, State, WaitKind, WaitSite,
};
use crate::row::{Nanos, Pid, RowSource, Task, TaskRole, Tid, Verb, printable};

/// After so many replies what is settled of the counters is written.
const REPLIES: u32 = 1_024;

/// The form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Perfetto;

impl Export for Perfetto {
    fn write(
        &mut self,
        source: &dyn RowSource,
        out: &mut dyn io::Write,
    ) -> Result<(), ExportError> {
        let meta = source.meta();
        let mut picture = Picture {
            packets: Packets::new(out),
            window: (meta.opened, meta.closed),
            processes: HashMap::new(),
            threads: HashMap::new(),
            woken: HashMap::new(),
            flows: 0,
            queued: 0,
            in_flight: InFlight::default(),
            peers: HashMap::new(),
            locks: HashMap::new(),
            replies: 0,
        };
        let mut failed = None;
        analyse::events(source, &mut |event, classifier| {
            if failed.is_none() {
                failed = picture.take(event, classifier).err();
            }
        })?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(picture.settle(meta.closed)?),
        }
    }
}

/// What is known of a thread.
#[derive(Clone, Debug, Default)]
struct Thread {
    pid: Pid,
    role: TaskRole,
    name: String,
    queues: bool,
}

/// The picture, as far as it is drawn.
struct Picture<'o> {
    packets: Packets<'o>,
    window: (Nanos, Nanos),
    /// Their programs.
    processes: HashMap<Pid, String>,
    threads: HashMap<Tid, Thread>,
    /// Arrows to those who were woken and have no slice since.
    woken: HashMap<ActorId, u64>,
    flows: u64,
    queued: i64,
    in_flight: InFlight,
    peers: HashMap<ClassId, String>,
    /// Where locks are taken.
    locks: HashMap<ClassId, String>,
    replies: u32,
}

impl Picture<'_> {
    fn take(&mut self, event: &Event<'_, ActorId>, classifier: &Classifier) -> io::Result<()> {
        match event {
            Event::Change {
                who,
                pid,
                was,
                now,
                waker,
                ..
            } => {
                self.piece(*who, *pid, was, classifier)?;
                self.woken.remove(who);
                if let (State::Waiting(_), Some(waker)) = (was.state, waker.who)
                    && waker != *who
                {
                    self.wakes(waker, *who, was.end)?;
                }
                self.queues(*who, was.end, *now == State::Queued)
            }
            Event::Call(call) => self.reply(call, classifier),
            Event::Task(task) => {
                self.learn(task);
                Ok(())
            }
            Event::Asked(..) | Event::Join(..) => Ok(()),
        }
    }

    fn learn(&mut self, task: &Task) {
        if task.is_reading() {
            return;
        }
        let thread = self.threads.entry(task.tid).or_default();
        (thread.pid, thread.role) = (task.pid, task.role);
        if !task.name.is_empty() {
            thread.name = printable(&task.name).into_owned();
        }
        let program = task.exe.rsplit('/').next().unwrap_or_default();
        let known = self.processes.entry(task.pid).or_default();
        if !program.is_empty() {
            *known = printable(program).into_owned();
        } else if known.is_empty() {
            known.clone_from(&thread.name);
        }
    }

    /// Whether an actor is drawn, and its track, described.
    fn track(&mut self, who: ActorId, pid: Pid) -> io::Result<Option<Track>> {
        let (track, name) = match who {
            ActorId::Thread(tid) => {
                let Some(thread) = self.threads.get(&tid) else {
                    return Ok(None);
                };
                if thread.role == TaskRole::Bystander {
                    return Ok(None);
                }
                (Track::Thread(tid), thread.name.clone())
            }
            ActorId::Task(number) => (Track::Task(number), format!("task {number}")),
        };
        self.process(pid)?;
        self.packets.describe(track, Some(pid), &name)?;
        Ok(Some(track))
    }

    fn process(&mut self, pid: Pid) -> io::Result<()> {
        let name = self.processes.get(&pid).map_or("", String::as_str);
        self.packets.describe(Track::Process(pid), None, name)
    }

    /// As much of a stretch of time as is in the window.
    fn inside(&self, from: Nanos, to: Nanos) -> Option<(Nanos, Nanos)> {
        let (opened, closed) = self.window;
        let (from, to) = (from.max(opened), to.min(closed));
        (from < to).then_some((from, to))
    }

    fn piece(
        &mut self,
        who: ActorId,
        pid: Pid,
        was: &Piece,
        classifier: &Classifier,
    ) -> io::Result<()> {
        let (category, name) = match was.state {
            State::Absent | State::Unknown => return Ok(()),
            State::Running => ("running", "running".to_owned()),
            State::Queued => ("queued", "ready, no CPU".to_owned()),
            State::Stopped => ("stopped", "stopped".to_owned()),
            State::Waiting(site) => (
                "waiting",
                self.waits(classifier.sites.get(site), classifier),
            ),
        };
        let Some(time) = self.inside(was.start, was.end) else {
            return Ok(());
        };
        let Some(track) = self.track(who, pid)? else {
            return Ok(());
        };
        let flows = Flows {
            begins: None,
            ends: self.woken.remove(&who),
        };
        self.packets.slice(track, time, (category, &name), flows)
    }

    /// For what somebody waits: a lock by where it is taken, as soon as that is known.
    fn waits(&mut self, site: WaitSite, classifier: &Classifier) -> String {
        let of = match site.kind {
            WaitKind::Futex => self.lock(site.class, classifier),
            _ => None,
        };
        let of = of.unwrap_or_else(|| printable(classifier.classes.name(site.class)).into_owned());
        let name = format!("{} {of}", waits(site.kind));
        name.trim_end().to_owned()
    }

    fn lock(&mut self, class: ClassId, classifier: &Classifier) -> Option<String> {
        if let Some(name) = self.locks.get(&class) {
            return Some(name.clone());
        }
        let stacks = &classifier.futexes.get(class)?.stacks;
        let (most, _) = stacks
            .iter()
            .max_by_key(|(stack, count)| (**count, **stack))?;
        let frame = classifier.stacks.get(most)?.call_site()?;
        let name = format!("taken in {}", printable(&frame.to_string()));
        self.locks.insert(class, name.clone());
        Some(name)
    }

    /// An arrow from who wakes to who is woken.
    fn wakes(&mut self, waker: ActorId, who: ActorId, at: Nanos) -> io::Result<()> {
        let (opened, closed) = self.window;
        let ActorId::Thread(tid) = waker else {
            return Ok(());
        };
        let Some(pid) = self.threads.get(&tid).map(|thread| thread.pid) else {
            return Ok(());
        };
        if at < opened || at >= closed {
            return Ok(());
        }
        let Some(track) = self.track(waker, pid)? else {
            return Ok(());
        };
        self.flows += 1;
        let flows = Flows {
            begins: Some(self.flows),
            ends: None,
        };
        let name = format!("wakes {who}");
        self.packets.instant(track, at, ("wake-up", &name), flows)?;
        self.woken.insert(who, self.flows);
        Ok(())
    }

    fn queues(&mut self, who: ActorId, at: Nanos, queues: bool) -> io::Result<()> {
        let ActorId::Thread(tid) = who else {
            return Ok(());
        };
        let thread = self.threads.entry(tid).or_default();
        if thread.queues == queues || thread.role == TaskRole::Bystander {
            return Ok(());
        }
        thread.queues = queues;
        self.queued += if queues { 1 } else { -1 };
        let (opened, closed) = self.window;
        self.packets.describe(Track::RunQueue, None, "run queue")?;
        let at = at.max(opened);
        if at > closed {
            return Ok(());
        }
        self.packets.counter(Track::RunQueue, at, self.queued)
    }

    /// A request of a target has its reply.
    fn reply(
        &mut self,
        row: &ClassifiedCall<'_, ActorId>,
        classifier: &Classifier,
    ) -> io::Result<()> {
        let Some(request) = row.request.filter(|request| !request.shared) else {
            return Ok(());
        };
        let is_client = classifier.classes.kind(row.class) == ClassKind::Peer
            // Who asked before the window is not known; who reads the reply is.
            && (self.threads.get(&row.call.tid))
                .is_some_and(|thread| thread.role == TaskRole::Target);
        let Some(time) = self
            .inside(request.start, request.end)
            .filter(|_| is_client)
        else {
            return Ok(());
        };
        let peer = printable(classifier.classes.name(row.class)).into_owned();
        let track = Track::Connection(request.socket.0);
        self.process(request.pid)?;
        let connection = format!("connection {} to {peer}", request.socket.0);
        self.packets
            .describe(track, Some(request.pid), &connection)?;
        let name = match request.status {
            0 => verb(request.verb).to_owned(),
            status => format!("{}, {status}", verb(request.verb)),
        };
        self.packets
            .slice(track, time, ("request", &name), Flows::default())?;
        self.in_flight.request(row.class, time.0, Some(time.1));
        self.peers.entry(row.class).or_insert(peer);
        self.replies += 1;
        if self.replies.is_multiple_of(REPLIES) {
            let open = classifier.requests.open();
            let starts = open.iter().map(|request| request.start);
            let until = starts.min().unwrap_or(time.1).min(time.1);
            self.settle(until)?;
        }
        Ok(())
    }

    fn settle(&mut self, until: Nanos) -> io::Result<()> {
        for (peer, at, count) in self.in_flight.settle(until) {
            let name = self.peers.get(&peer).map_or("", String::as_str);
            let track = Track::InFlight(peer.0);
            self.packets
                .describe(track, None, &format!("in flight at {name}"))?;
            self.packets.counter(track, at, count)?;
        }
        Ok(())
    }
}

fn waits(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Futex => "lock",
        WaitKind::FileLock => "file lock",
        WaitKind::Sync => "sync",
        WaitKind::Request => "reply of",
        WaitKind::Connect => "connection to",
        WaitKind::Service => "to be asked at",
        WaitKind::PipeRead => "to read from",
        WaitKind::PipeWrite => "to write to",
        WaitKind::File => "file",
        WaitKind::Sleep => "sleep",
        WaitKind::Poll => "poll",
        WaitKind::Carrier => "its thread",
        WaitKind::Parked => "inside its process",
        WaitKind::Child => "a child process",
        WaitKind::Fault => "page fault",
        WaitKind::KernelLock => "lock of the kernel",
        WaitKind::Memory => "memory",
        WaitKind::Other => "call",
    }
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Unknown | Verb::HttpReply => "request",
        Verb::HttpRead => "HTTP read",
        Verb::HttpPost => "HTTP POST",
        Verb::HttpWrite => "HTTP write",
        Verb::SqlRead => "SQL read",
        Verb::SqlWrite => "SQL write",
        Verb::SqlOther => "SQL",
        Verb::RedisRead => "Redis read",
        Verb::RedisWrite => "Redis write",
        Verb::Tls => "TLS",
    }
}

#[cfg(test)]
mod tests;
