//! From the sketch of a trace to what a page draws: the same names as in the report, the time of what serialises told apart.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::stages::name;
use crate::actors::ActorId;
use crate::blame::{Part, Visit};
use crate::classify::{OperationId, SiteId, State, WaitKind, WaitSite};
use crate::diagnose::{Candidate, Conclusion, Findings, Ground};
use crate::picture::{Detail, DetailId, Row, Sketch};
use crate::report::{
    ActorRow, Doing, DoingKind, Drawing, Responses, RowSegment, StackTime, WaitDetail,
};
use crate::row::{Frame, Nanos, StackId, printable};
use crate::work::{ItemMark, StageName};

/// Workers that a page has room for.
const MOST_ROWS: usize = 128;
/// Threads that carry them, or serve them, that a page has room for.
const MOST_CARRIERS: usize = 16;
/// Frames of one call stack: the innermost ones.
const MOST_FRAMES: usize = 48;
/// Stands for a call stack that was not taken.
const NO_STACK: &str = "call stack not taken";
/// Requests drawn as points.
const MOST_POINTS: usize = 1_500;

/// What a page draws of a finished sketch.
#[must_use]
pub fn draw(sketch: &Sketch, findings: &Findings<'_>, conclusion: &Conclusion) -> Drawing {
    let mut drawer = Drawer {
        sketch,
        findings,
        accent: Accent::of(findings, conclusion),
        doings: Doings::default(),
        details: vec![WaitDetail::default()],
        numbers: HashMap::new(),
        sites: HashMap::new(),
        several: (findings.carriers()).is_some_and(|of| of.threads > of.processes),
    };
    let workers: Vec<ActorId> = (findings.cycle.workers.iter().copied())
        .filter(|who| sketch.row(*who).is_some())
        .collect();
    let drawn = evenly(&workers, MOST_ROWS);
    let mut rows: Vec<ActorRow> = Vec::new();
    for who in &drawn {
        rows.extend(drawer.row(*who, false));
    }
    let carriers = findings.carriers_of_workers();
    for who in carriers.iter().take(MOST_CARRIERS) {
        rows.extend(drawer.row(*who, true));
    }
    let waiting = drawer.waiting();
    Drawing {
        window_s: findings.window(),
        step_s: sketch.step().seconds(),
        tick_step_s: sketch.marks_step().seconds(),
        rows,
        left_out: findings.cycle.workers.len() - drawn.len(),
        unseen: findings.unseen,
        waiting,
        computing: drawer.computing(),
        responses: responses(findings, conclusion),
        doings: drawer.doings.list,
        details: drawer.details,
    }
}

/// At most so many of them, from all parts of the list.
fn evenly<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let count = all.len().min(most);
    (0..count)
        .filter_map(|index| all.get(index * all.len() / count).copied())
        .collect()
}

/// Where the time that is lost to the named cause is lost.
#[derive(Default)]
struct Accent {
    sites: BTreeSet<WaitSite>,
    running: bool,
    queued: bool,
}

impl Accent {
    fn of(findings: &Findings<'_>, conclusion: &Conclusion) -> Self {
        named(conclusion).map_or_else(Self::default, |candidate| Self {
            sites: (candidate.sites().into_iter())
                .map(|site| station(findings, site))
                .collect(),
            running: candidate.running.likely > 0.0,
            queued: candidate.run_queue.likely > 0.0,
        })
    }
}

impl Accent {
    /// What serialises is waited for inside the process.
    fn inside(&self) -> Option<WaitSite> {
        let mut sites = self.sites.iter().copied();
        sites.find(|site| site.kind == WaitKind::Parked)
    }
}

/// The candidate that the verdict names.
fn named(conclusion: &Conclusion) -> Option<&Candidate> {
    let is_named = conclusion.verdict.ground == Ground::Named;
    conclusion.candidates.first().filter(|_| is_named)
}

/// What stands for all wait sites that are one to a reader: words of a lock together, whatever the operation.
fn station(findings: &Findings<'_>, site: WaitSite) -> WaitSite {
    findings.lock_site(findings.inventory.station(site))
}

#[derive(Default)]
struct Doings {
    list: Vec<Doing>,
    numbers: HashMap<(DoingKind, String), u32>,
}

impl Doings {
    fn number(&mut self, doing: Doing) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let key = (doing.kind, doing.name.clone());
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.list.push(doing);
        }
        number
    }
}

struct Drawer<'a> {
    sketch: &'a Sketch,
    findings: &'a Findings<'a>,
    accent: Accent,
    doings: Doings,
    details: Vec<WaitDetail>,
    numbers: HashMap<(String, String), u32>,
    sites: HashMap<SiteId, u32>,
    /// Several threads of a process carry the workers.
    several: bool,
}

impl Drawer<'_> {
    fn row(&mut self, who: ActorId, carries: bool) -> Option<ActorRow> {
        let row = self.sketch.row(who)?;
        let mut segments: Vec<RowSegment> = Vec::new();
        let mut from = 0;
        for segment in row.strip.segments() {
            let steps = segment.until.saturating_sub(from);
            from = segment.until;
            let (mut doing, mut detail) = (self.doing(segment.state), segment.detail);
            if carries && self.is_idle(segment.state) {
                (doing, detail) = (self.idle(), DetailId::NONE);
            }
            let detail = self.detail(self.sketch.detail(detail));
            match segments.last_mut() {
                Some(last) if last.doing == doing && last.detail == detail => last.steps += steps,
                _ => segments.push(RowSegment {
                    steps,
                    doing,
                    detail,
                }),
            }
        }
        let name = self.findings.thread(who);
        let what = match who {
            ActorId::Thread(tid) if u64::from(tid.0) == u64::from(row.pid.0) => {
                format!("process {tid}")
            }
            who => format!("{who} of process {}", row.pid),
        };
        Some(ActorRow {
            name,
            what,
            carries,
            segments,
            ticks: if carries { Vec::new() } else { self.ticks(row) },
        })
    }

    /// The steps in which items ended.
    fn ticks(&self, row: &Row) -> Vec<u32> {
        let cycle = self.findings.cycle;
        let inventory = self.findings.inventory;
        let stage = |id: OperationId| {
            let id = inventory.canonical(id);
            let is_regular = cycle.regular.contains_key(&id);
            self.findings.operation_stages.of(id).filter(|_| is_regular)
        };
        let ends: Vec<u32> = match cycle.mark {
            None => Vec::new(),
            Some(ItemMark::Each(operation)) => (row.marks.list().iter())
                .filter(|(_, id)| inventory.canonical(*id) == operation)
                .map(|(at, _)| *at)
                .collect(),
            Some(ItemMark::WriteBeforeFetch) => {
                let staged: Vec<(u32, StageName)> = (row.marks.list().iter())
                    .filter_map(|(at, id)| Some((*at, stage(*id)?)))
                    .collect();
                let pairs = staged.windows(2);
                let goes_over = pairs
                    .filter(|pair| pair[0].1 == StageName::Write && pair[1].1 == StageName::Fetch);
                goes_over.map(|pair| pair[0].0).collect()
            }
        };
        let every = usize::try_from(cycle.times.max(1)).unwrap_or(1);
        ends.into_iter().skip(every - 1).step_by(every).collect()
    }

    fn doing(&mut self, state: State) -> u32 {
        let plain = |kind, name: &str, serialises| Doing {
            kind,
            name: name.to_owned(),
            serialises,
        };
        let doing = match state {
            State::Absent => plain(DoingKind::Absent, "not there", false),
            State::Unknown => plain(DoingKind::Unknown, "not known", false),
            State::Running => plain(DoingKind::Running, "running", self.accent.running),
            State::Queued => plain(DoingKind::Queued, "ready, no CPU", self.accent.queued),
            State::Stopped => plain(DoingKind::Stopped, "stopped", false),
            State::Waiting(id) => return self.waits(id),
        };
        self.doings.number(doing)
    }

    /// A thread that carries workers waits for what comes: in a poll, or where several of them park in futexes.
    fn is_idle(&self, state: State) -> bool {
        let State::Waiting(id) = state else {
            return false;
        };
        match self.findings.inventory.classifier.sites.get(id).kind {
            WaitKind::Poll => true,
            WaitKind::Futex => self.several,
            _ => false,
        }
    }

    fn idle(&mut self) -> u32 {
        self.doings.number(Doing {
            kind: DoingKind::Inside,
            name: "has nothing to run".to_owned(),
            serialises: false,
        })
    }

    fn waits(&mut self, id: SiteId) -> u32 {
        if let Some(number) = self.sites.get(&id) {
            return *number;
        }
        let findings = self.findings;
        let site = station(findings, findings.inventory.classifier.sites.get(id));
        let mut doing = Doing {
            kind: doing_kind(site.kind),
            name: wait_name(findings, site),
            serialises: self.accent.sites.contains(&site),
        };
        // From outside all that tasks wait for in their process is one; only its runtime tells it apart.
        if site.kind == WaitKind::Parked
            && let Some(place) = self.accent.inside()
        {
            doing.serialises = true;
            if findings.place(place).is_some() {
                let place = findings.class(place.class);
                doing.name = format!("{}, where its runtime shows {place}", doing.name);
            }
        }
        let number = self.doings.number(doing);
        self.sites.insert(id, number);
        number
    }

    fn detail(&mut self, detail: Detail) -> u32 {
        let call_site = self.call_site(detail.stack);
        let ended_by = detail.waker.map(|who| self.findings.thread(who));
        let key = (call_site, ended_by.unwrap_or_default());
        if key.0.is_empty() && key.1.is_empty() {
            return 0;
        }
        let next = u32::try_from(self.details.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(key.clone()).or_insert(next);
        if number == next {
            let (call_site, ended_by) = key;
            self.details.push(WaitDetail {
                call_site,
                ended_by,
            });
        }
        number
    }

    fn call_site(&self, stack: StackId) -> String {
        let stacks = &self.findings.inventory.classifier.stacks;
        let frame = stacks.get(&stack).and_then(|stack| stack.call_site());
        frame.map_or_else(String::new, |frame| {
            printable(&frame.to_string()).into_owned()
        })
    }

    fn frames(&self, stack: StackId) -> Vec<String> {
        let stacks = &self.findings.inventory.classifier.stacks;
        let frames = stacks
            .get(&stack)
            .map_or(&[][..], |stack| stack.frames.as_slice());
        let innermost = frames.iter().take(MOST_FRAMES);
        let name = |frame: &Frame| printable(&frame.to_string()).into_owned();
        innermost.rev().map(name).collect()
    }

    /// Where the workers wait, by call stack and what for.
    fn waiting(&mut self) -> Vec<StackTime> {
        let workers: BTreeSet<ActorId> = self.findings.cycle.workers.iter().copied().collect();
        let mut by_stack: BTreeMap<(StackId, u32), Nanos> = BTreeMap::new();
        for (who, site, stack, time) in self.sketch.stacks().waiting() {
            if workers.contains(&who) {
                let doing = self.waits(site);
                *by_stack.entry((stack, doing)).or_default() += time;
            }
        }
        let mut sums: BTreeMap<(Vec<String>, String, bool), Nanos> = BTreeMap::new();
        for ((stack, doing), time) in by_stack {
            let mut frames = self.frames(stack);
            if frames.is_empty() {
                frames.push(NO_STACK.to_owned());
            }
            let doing = self.doings.list.get(doing as usize);
            frames.push(doing.map_or_else(String::new, |doing| doing.name.clone()));
            let serialises = doing.is_some_and(|doing| doing.serialises);
            let key = (frames, self.call_site(stack), serialises);
            *sums.entry(key).or_default() += time;
        }
        let time = |((frames, call_site, serialises), time)| StackTime {
            frames,
            call_site,
            weight: Nanos::seconds(time),
            serialises,
        };
        sums.into_iter().map(time).collect()
    }

    /// Where processes compute, by program and call stack.
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    fn computing(&self) -> Vec<StackTime> {
        let mut sums: BTreeMap<(Vec<String>, String), u64> = BTreeMap::new();
        for (pid, stack, count) in self.sketch.stacks().running() {
            let mut frames = vec![self.findings.process(pid)];
            frames.extend(self.frames(stack));
            *sums.entry((frames, self.call_site(stack))).or_default() += count;
        }
        let time = |((frames, call_site), count): ((Vec<String>, String), u64)| StackTime {
            frames,
            call_site,
            weight: count as f64,
            serialises: false,
        };
        sums.into_iter().map(time).collect()
    }
}

fn doing_kind(kind: WaitKind) -> DoingKind {
    match kind {
        WaitKind::Futex | WaitKind::FileLock | WaitKind::KernelLock => DoingKind::Lock,
        WaitKind::Request | WaitKind::Connect => DoingKind::Peer,
        WaitKind::Sync | WaitKind::File | WaitKind::Fault | WaitKind::Memory => DoingKind::File,
        WaitKind::Sleep => DoingKind::Sleep,
        WaitKind::Service
        | WaitKind::PipeRead
        | WaitKind::PipeWrite
        | WaitKind::Poll
        | WaitKind::Carrier
        | WaitKind::Parked
        | WaitKind::Child
        | WaitKind::Other => DoingKind::Inside,
    }
}

/// `waits for the reply of 127.0.0.1:8123`, `waits for the lock taken in flush_batch (writer.py:88)`.
fn wait_name(findings: &Findings<'_>, site: WaitSite) -> String {
    let name = name(findings, site);
    match site.kind {
        WaitKind::Request => format!("waits for the reply of {name}"),
        WaitKind::Futex | WaitKind::FileLock | WaitKind::KernelLock => {
            format!("waits for the {name}")
        }
        WaitKind::Service => format!("waits to be asked at {name}"),
        WaitKind::PipeRead => format!("waits to read from {name}"),
        WaitKind::PipeWrite => format!("waits to write to {name}"),
        WaitKind::File => format!("waits for file {name}"),
        WaitKind::Sleep => "sleeps".to_owned(),
        WaitKind::Poll => "waits in a poll".to_owned(),
        WaitKind::Carrier => "waits for the thread that carries it".to_owned(),
        WaitKind::Parked => "waits inside its process".to_owned(),
        WaitKind::Child => "waits for a child process".to_owned(),
        WaitKind::Other => "waits in another call".to_owned(),
        WaitKind::Sync | WaitKind::Connect | WaitKind::Fault | WaitKind::Memory => {
            format!("waits for {name}")
        }
    }
}

/// How requests are answered by the peer that the verdict is about, else by the one that is waited for most.
fn responses(findings: &Findings<'_>, conclusion: &Conclusion) -> Option<Responses> {
    let is_request = |site: &WaitSite| site.kind == WaitKind::Request;
    let candidate = named(conclusion);
    let of_candidate = candidate.and_then(|candidate| {
        let sites = candidate.sites().into_iter();
        sites.map(|site| station(findings, site)).find(is_request)
    });
    let most = || {
        findings
            .sites()
            .into_iter()
            .map(|(site, _)| site)
            .find(is_request)
    };
    let site = match (candidate, of_candidate) {
        (Some(_), site) => site?,
        (None, _) => station(findings, most()?),
    };
    let visits = findings.visits(&[site]);
    let all = by_number_under_way(&visits);
    let serves = candidate.map(|candidate| &candidate.culprit);
    let serves = serves.filter(|culprit| culprit.capacity > 0.0 && culprit.service_ms > 0.0);
    Some(Responses {
        peer: findings.class(site.class),
        points: evenly(&all, MOST_POINTS),
        count: all.len(),
        serves: serves.map(|culprit| [culprit.capacity, culprit.service_ms / 1e3]),
    })
}

/// Of each whole visit, in the order in which they began, how many were under way from then on, and how long it took, s.
#[expect(clippy::cast_precision_loss, reason = "a number of requests")]
fn by_number_under_way(visits: &[Visit]) -> Vec<[f64; 2]> {
    let mut begun: Vec<&Visit> = visits.iter().collect();
    begun.sort_by_key(|visit| (visit.start, visit.end));
    let mut ends: Vec<Nanos> = visits.iter().map(|visit| visit.end).collect();
    ends.sort_unstable();
    let mut points = Vec::new();
    for (before, visit) in begun.into_iter().enumerate() {
        // What ends as this one begins has made room for it.
        let ended = ends.partition_point(|end| *end <= visit.start);
        if visit.part == Part::Whole {
            let present = (before + 1).saturating_sub(ended).max(1);
            points.push([present as f64, visit.end.since(visit.start).seconds()]);
        }
    }
    points
}
