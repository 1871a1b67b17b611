//! Each nanosecond of an actor goes to the operations around it.
//!
//! ```text
//! calls      send recv          futex    write fsync           send
//! context    request  | between |     write        |  request ...
//!                               lock, between
//! ```
//! What lies between two operations that belong to stages waits in a list of segments until the second one comes.

use super::slots::{Context, Next, Part, Slots};
use crate::classify::{ClassId, LockId, OperationId, Piece, SiteId, State, WaitKind, WaitSites};
use crate::row::Nanos;

/// Segments kept open for an actor; beyond it they are attributed as they are.
const OPEN_SEGMENTS: usize = 512;
/// Pieces kept for an actor before old ones go into a segment.
const OPEN_PIECES: usize = 4096;

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Between operations.
    Between,
    /// Waiting for a lock, at a wait site.
    Lock(SiteId, LockId),
    /// Letting go of it.
    Release(LockId),
    /// Waiting for the interpreter, which guards nothing of the work's.
    Interpreter,
    /// Sleeping.
    Sleep,
    /// A request to this peer that only frames others.
    Frame(ClassId),
}

/// A stretch of time between two operations; its pieces end at `end` in the list of all.
#[derive(Clone, Copy, Debug)]
struct Segment {
    role: Role,
    end: usize,
}

/// What of an actor's time is not yet attributed.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenTime {
    /// Since when it is in its present state.
    since: Nanos,
    pub(super) state: State,
    /// Since the latest call.
    pieces: Vec<Piece>,
    segments: Vec<Segment>,
    /// Pieces of the segments.
    segment_pieces: Vec<(State, Nanos)>,
    /// The operation before.
    before: OperationId,
    /// The latest operation that counts as progress.
    progress: OperationId,
    /// Pieces inside the present call.
    inside: Vec<Piece>,
}

impl OpenTime {
    /// Time goes on to `at`. Gives the state and how long it lasted.
    pub(super) fn advance(&mut self, at: Nanos) -> Option<(State, Nanos)> {
        let mut passed = None;
        if at > self.since && self.state != State::Absent {
            passed = Some((self.state, at.since(self.since)));
            self.pieces.push(Piece {
                start: self.since,
                end: at,
                state: self.state,
            });
        }
        self.since = self.since.max(at);
        if self.pieces.len() > OPEN_PIECES {
            // Computing for long, being preempted often: nothing a stage depends on is lost by summing it.
            for piece in self.pieces.drain(..OPEN_PIECES / 2) {
                self.segment_pieces.push((piece.state, piece.length()));
            }
            self.close_segment(Role::Between);
        }
        passed
    }

    /// The latest time in `state` belongs to the operation before it: whoever waits for its carrier does not have yet what that gave.
    pub(super) fn give_to_before(&mut self, state: State, out: &mut Slots) {
        if self.before == OperationId::NONE {
            return;
        }
        while let Some(piece) = self.pieces.pop_if(|piece| piece.state == state) {
            out.add(inside(self.before), piece.state, piece.length());
        }
    }

    /// How long its present state lasts at `at`.
    pub(super) fn lasts(&self, at: Nanos) -> Nanos {
        match self.state {
            State::Absent => Nanos::ZERO,
            _ => at.since(self.since),
        }
    }

    fn close_segment(&mut self, role: Role) {
        let end = self.segment_pieces.len();
        self.segments.push(Segment { role, end });
    }

    /// Takes the pieces apart where a call began: what lies before becomes a segment, what lies inside is kept.
    fn enter(&mut self, start: Nanos) {
        self.inside.clear();
        for piece in self.pieces.drain(..) {
            if piece.end <= start {
                self.segment_pieces.push((piece.state, piece.length()));
            } else if piece.start >= start {
                self.inside.push(piece);
            } else {
                let length = start.since(piece.start);
                self.segment_pieces.push((piece.state, length));
                self.inside.push(Piece { start, ..piece });
            }
        }
        self.close_segment(Role::Between);
    }

    /// A call that belongs to no stage by itself, begun at `start`.
    pub(super) fn aside(&mut self, start: Nanos, role: Role, out: &mut Slots) {
        self.enter(start);
        for piece in self.inside.drain(..) {
            self.segment_pieces.push((piece.state, piece.length()));
        }
        self.close_segment(role);
        if self.segments.len() > OPEN_SEGMENTS {
            self.attribute(Next::Unseen, out);
        }
    }

    /// A call of an operation that belongs to a stage, begun at `start`. `polled`: what polls before it turn out to have
    /// been for.
    pub(super) fn operation(
        &mut self,
        start: Nanos,
        operation: OperationId,
        polled: Option<SiteId>,
        sites: &WaitSites,
        out: &mut Slots,
    ) {
        self.enter(start);
        if let Some(site) = polled {
            self.polled_for(site, sites);
        }
        self.attribute(Next::Operation(operation), out);
        for piece in self.inside.drain(..) {
            out.add(inside(operation), piece.state, piece.length());
        }
        self.before = operation;
    }

    /// The poll among what lies before the present call, if there is one.
    pub(super) fn poll_under_way(&self, sites: &WaitSites) -> Option<SiteId> {
        let segments = self.segment_pieces.iter().map(|(state, _)| *state);
        let all = segments.chain(self.pieces.iter().map(|piece| piece.state));
        all.filter_map(|state| match state {
            State::Waiting(site) => Some(site),
            _ => None,
        })
        .find(|site| is_open(sites.get(*site).kind))
    }

    /// Polls between operations were for `site`.
    fn polled_for(&mut self, site: SiteId, sites: &WaitSites) {
        let mut from = 0;
        for segment in &self.segments {
            if segment.role == Role::Between {
                for (state, _) in &mut self.segment_pieces[from..segment.end] {
                    if let State::Waiting(at) = state
                        && is_open(sites.get(*at).kind)
                    {
                        *state = State::Waiting(site);
                    }
                }
            }
            from = segment.end;
        }
    }

    /// An operation made progress. `is_new`: it began in this window, so that what came before it is known; gives both then.
    pub(super) fn progressed(
        &mut self,
        operation: OperationId,
        is_new: bool,
        out: &mut Slots,
    ) -> Option<(OperationId, OperationId)> {
        let pair = (std::mem::replace(&mut self.progress, operation), operation);
        if is_new {
            *out.transitions.entry(pair).or_default() += 1;
        }
        is_new.then_some(pair)
    }

    /// How many of the segments belong to the operation before: its call has returned once its thread has the interpreter again.
    fn returned(&self) -> usize {
        /// Who runs for longer has it, and computes.
        const MOMENT: Nanos = Nanos(100_000);
        let waits = |segment: &Segment| segment.role == Role::Interpreter;
        if self.before == OperationId::NONE || !self.segments.iter().any(waits) {
            return 0;
        }
        let (mut returned, mut from) = (0, 0);
        for (index, segment) in self.segments.iter().enumerate() {
            let pieces = self.segment_pieces[from..segment.end].iter();
            let run = pieces.filter(|(state, _)| *state == State::Running);
            let run: Nanos = run.map(|(_, length)| *length).sum();
            match segment.role {
                Role::Interpreter => returned = index + 1,
                Role::Between if run < MOMENT => {}
                _ => break,
            }
            from = segment.end;
        }
        returned
    }

    /// Gives the segments to their contexts.
    ///
    /// - A lock belongs to what is done once it is had: the operation after it, unless it was let go before that.
    /// - What is done under a lock, sleeping too, belongs where the lock does.
    /// - What is done after a request that frames others at a peer belongs to the next one at that peer, if that is the next operation.
    fn attribute(&mut self, next: Next, out: &mut Slots) {
        let returned = self.returned();
        let context = |part| Context {
            before: self.before,
            next,
            part,
        };
        let mut held: Option<(LockId, Part)> = None;
        let mut framed: Option<ClassId> = None;
        let mut from = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            if index < returned {
                for (state, length) in &self.segment_pieces[from..segment.end] {
                    out.add(inside(self.before), *state, *length);
                }
                from = segment.end;
                continue;
            }
            let within = held.map(|(_, part)| part);
            let part = match segment.role {
                Role::Lock(site, lock) => {
                    let is_let_go = self.segments[index..]
                        .iter()
                        .any(|later| later.role == Role::Release(lock));
                    let part = if is_let_go {
                        Part::Section
                    } else {
                        Part::Locked
                    };
                    held = Some((lock, part));
                    out.visit(context(part), site, 1);
                    part
                }
                Role::Release(lock) => {
                    if held.is_some_and(|(held, _)| held == lock) {
                        held = None;
                    }
                    within.unwrap_or(Part::Between)
                }
                Role::Frame(peer) => {
                    framed = Some(peer);
                    within.unwrap_or(Part::Frame(peer))
                }
                Role::Between | Role::Interpreter => {
                    within.unwrap_or(framed.map_or(Part::Between, Part::Framed))
                }
                Role::Sleep => within.unwrap_or(framed.map_or(Part::Asleep, Part::Framed)),
            };
            for (state, length) in &self.segment_pieces[from..segment.end] {
                out.add(context(part), *state, *length);
            }
            from = segment.end;
        }
        self.segments.clear();
        self.segment_pieces.clear();
    }

    /// Ends the window at `at`: calls that have not returned show by the waits in them. `first_use`: what a connection to a peer is for.
    pub(super) fn end_window(
        &mut self,
        at: Nanos,
        sites: &WaitSites,
        is_staged: &dyn Fn(OperationId) -> bool,
        first_use: &dyn Fn(ClassId) -> Option<OperationId>,
        out: &mut Slots,
    ) {
        self.advance(at);
        for piece in std::mem::take(&mut self.pieces) {
            let State::Waiting(id) = piece.state else {
                self.segment_pieces.push((piece.state, piece.length()));
                self.close_segment(Role::Between);
                continue;
            };
            let site = sites.get(id);
            if site.operation != OperationId::NONE && is_staged(site.operation) {
                // It is under way: what came before it is complete.
                self.progressed(site.operation, true, out);
                self.attribute(Next::Operation(site.operation), out);
                out.add(inside(site.operation), piece.state, piece.length());
                self.before = site.operation;
                continue;
            }
            self.segment_pieces.push((piece.state, piece.length()));
            if site.kind == WaitKind::Connect
                && let Some(operation) = first_use(site.class)
            {
                self.close_segment(Role::Between);
                self.attribute(Next::Operation(operation), out);
                continue;
            }
            self.close_segment(match site.kind {
                WaitKind::Futex => Role::Lock(id, LockId::Word(site.class)),
                WaitKind::FileLock => Role::Lock(id, LockId::File(site.class)),
                WaitKind::Sleep => Role::Sleep,
                _ => Role::Between,
            });
        }
        // A lock that is still waited for belongs where it usually is had.
        let waits = self
            .segments
            .iter()
            .rev()
            .find_map(|segment| match segment.role {
                Role::Lock(site, _) => Some(Next::Lock(site)),
                _ => None,
            });
        self.attribute(waits.unwrap_or_default(), out);
        self.progress = OperationId::NONE;
    }
}

/// Waits of which it shows only by what is read after them what they were for.
fn is_open(kind: WaitKind) -> bool {
    matches!(kind, WaitKind::Poll | WaitKind::Parked)
}

/// The context of what happens inside an operation.
pub(super) fn inside(operation: OperationId) -> Context {
    Context {
        before: operation,
        next: Next::Operation(operation),
        part: Part::Inside,
    }
}
