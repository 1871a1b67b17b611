//! What an action is made of: calls, computing and waiting.

use super::machine::Machine;
use super::message::request;
use super::plan::{Action, Asks, Connecting, Holding, PeerIndex, Sleep, Span};
use super::rows::Entry;
use super::stations::{GuardKind, ThreadIndex};
use super::thread::{Op, Return};
use crate::row::{Nanos, ResourceId, StatementId, Syscall};

/// A call that does not block takes so long.
pub(super) const QUICK: Nanos = Nanos(10_000);
/// On the way into a call that blocks, and out of it.
pub(super) const EDGE: Nanos = Nanos(1_000);
/// `-EINPROGRESS`.
const IN_PROGRESS: i64 = -115;
/// `-ETIMEDOUT`.
const TIMED_OUT: i64 = -110;
/// `FUTEX_WAIT_BITSET`, `LOCK_EX`, `LOCK_EX | LOCK_NB`, `LOCK_UN`.
const WAIT_BITSET: u32 = 9;
const EXCLUSIVE: u32 = 2;
const EXCLUSIVE_AT_ONCE: u32 = 6;
const UNLOCK: u32 = 8;

/// A call that does not block.
pub(super) fn quick(entry: Entry, ret: Return) -> [Op; 3] {
    [Op::Enter(entry), Op::Run(QUICK), Op::Return(ret)]
}

/// A call that is blocked while `inside` lasts.
pub(super) fn blocked(entry: Entry, inside: Op, ret: i64) -> Vec<Op> {
    let (way_in, way_out) = (Op::Run(EDGE), Op::Run(EDGE));
    let end = Op::Return(Return::of(ret));
    vec![Op::Enter(entry), way_in, inside, way_out, end]
}

/// An entry with its operation.
pub(super) fn entry(call: Syscall, op: u32, resource: ResourceId) -> Entry {
    Entry {
        op,
        ..Entry::of(call, resource)
    }
}

impl Machine<'_> {
    /// What this thread does for an action.
    pub(super) fn expand(&mut self, who: ThreadIndex, action: Action) -> Vec<Op> {
        match action {
            Action::Request {
                peer,
                asks,
                time,
                ref statement,
                ..
            } => {
                let statement = match statement {
                    Some(name) => self.names.statement(name),
                    None => StatementId::NONE,
                };
                let socket = self.socket(who, peer.0, None);
                request(socket, peer.0, (asks, time, statement), action)
            }
            Action::Connect(peer, time, how) => {
                let socket = self.socket(who, peer.0, None);
                let polls = match how {
                    Connecting::InCall => {
                        return self.wait_in(Entry::of(Syscall::Connect, socket), time, 0);
                    }
                    Connecting::Polled => Entry::of(Syscall::Poll, socket),
                    Connecting::InLoop => Entry::of(Syscall::EpollWait, ResourceId::NONE),
                };
                let asks = Entry::of(Syscall::Connect, socket);
                let mut ops = quick(asks, Return::of(IN_PROGRESS)).to_vec();
                ops.extend(self.wait_in(polls, time, 1));
                ops
            }
            Action::Compute(time, slowed) => vec![Op::RunBeside(self.dice.of(time), slowed)],
            Action::Sleep(time, how) => self.sleep(who, time, how),
            Action::Lock(lock, time, holding) => {
                let guard = lock.0;
                vec![
                    Op::Take(guard),
                    Op::Hold(guard, time, holding),
                    Op::Release(guard),
                ]
            }
            Action::Append(_)
            | Action::Read(..)
            | Action::Sync(..)
            | Action::Fault(..)
            | Action::FileLock(..)
            | Action::PipeWrite(..)
            | Action::PipeRead(..) => self.expand_file(who, action),
            Action::Call(time) => {
                self.wait_in(Entry::of(Syscall::Other, ResourceId::NONE), time, 0)
            }
            Action::StopAll(time) => {
                vec![Op::StopAll, Op::Run(self.dice.of(time)), Op::LetAllGo]
            }
            Action::Barrier(name, how) => vec![Op::Arrive(self.barrier(&name), how)],
            Action::HandOver(name) => vec![Op::HandOver(self.desk(&name))],
            Action::TakeOver(name) => vec![Op::TakeOver(self.desk(&name))],
            Action::Queue(name) => vec![Op::TakeItem(self.stations.queue(&name))],
            Action::Feed(name, time) => {
                let mut ops = self.sleep(who, time, Sleep::Call);
                ops.push(Op::PutItem(self.stations.queue(&name)));
                ops
            }
        }
    }

    fn expand_file(&mut self, who: ThreadIndex, action: Action) -> Vec<Op> {
        let number = self.threads[who].number;
        let named = |name: &str| name.replace('*', &number.to_string());
        match action {
            Action::Append(name) => {
                let file = self.names.file(&named(&name));
                quick(Entry::of(Syscall::Write, file), Return::of(800)).to_vec()
            }
            Action::Read(name, time, disk) => {
                let file = self.names.file(&named(&name));
                self.wait_at(Entry::of(Syscall::Pread, file), time, disk, 4_096)
            }
            Action::Sync(name, time, disk) => {
                let file = self.names.file(&named(&name));
                self.wait_at(Entry::of(Syscall::Fsync, file), time, disk, 0)
            }
            Action::Fault(time, disk) => {
                self.wait_at(Entry::of(Syscall::None, ResourceId::NONE), time, disk, 0)
            }
            Action::FileLock(name, time, holding, polling) => {
                let file = self.names.file(&named(&name));
                let guard = self.stations.file_lock(file);
                let mut ops = match polling {
                    Some(pause) => vec![Op::Try(guard, pause)],
                    None => {
                        let call = entry(Syscall::Flock, EXCLUSIVE, file);
                        blocked(call, Op::TakeOrBlock(guard), 0)
                    }
                };
                ops.push(Op::Hold(guard, time, holding));
                let call = entry(Syscall::Flock, UNLOCK, file);
                ops.extend(blocked(call, Op::GiveBack(guard), 0));
                ops
            }
            Action::PipeWrite(name, time) => {
                let call = Entry::of(Syscall::Write, self.names.pipe(&name));
                match time {
                    Some(time) => self.wait_in(call, time, 4_096),
                    None => blocked(call, Op::WritePipe(self.stations.pipe(&name)), 4_096),
                }
            }
            Action::PipeRead(name, time) => {
                let call = Entry::of(Syscall::Read, self.names.pipe(&name));
                match time {
                    Some(time) => self.wait_in(call, time, 4_096),
                    None => blocked(call, Op::ReadPipe(self.stations.pipe(&name)), 4_096),
                }
            }
            _ => Vec::new(),
        }
    }

    /// A call that is blocked for a time.
    fn wait_in(&mut self, call: Entry, time: Span, ret: i64) -> Vec<Op> {
        blocked(call, Op::BlockFor(self.dice.of(time)), ret)
    }

    /// A call that is blocked until a disk has served it, which takes a time when its turn has come; without a disk for that time.
    fn wait_at(&mut self, call: Entry, time: Span, disk: Option<PeerIndex>, ret: i64) -> Vec<Op> {
        let Some(disk) = disk else {
            return self.wait_in(call, time, ret);
        };
        let mut ops = blocked(call, Op::AwaitReply, ret);
        ops.insert(2, Op::Ask(disk.0, time));
        ops
    }

    pub(super) fn sleep(&mut self, who: ThreadIndex, time: Span, how: Sleep) -> Vec<Op> {
        match how {
            Sleep::Call => {
                let timer = self.names.timer();
                self.wait_in(Entry::of(Syscall::ClockNanosleep, timer), time, 0)
            }
            Sleep::Word => {
                let word = self.own_word(who);
                self.wait_in(entry(Syscall::Futex, WAIT_BITSET, word), time, TIMED_OUT)
            }
        }
    }

    /// What is done while a lock is held.
    pub(super) fn hold(
        &mut self,
        who: ThreadIndex,
        guard: usize,
        time: Span,
        holding: Holding,
    ) -> Vec<Op> {
        match holding {
            Holding::Sleeping(how) => self.sleep(who, time, how),
            Holding::Computing => vec![Op::Run(self.dice.of(time))],
            Holding::Fetching(peer) => {
                // Each permit stands for a connection.
                let permit = self.threads[who].permit(guard);
                let socket = self.socket(who, peer.0, permit);
                let again = Action::Request {
                    peer,
                    asks: Asks::Fetch,
                    time,
                    reads: 1,
                    statement: None,
                };
                let what = (Asks::Fetch, time, StatementId::NONE);
                request(socket, peer.0, what, again)
            }
        }
    }

    /// One attempt at a file lock.
    pub(super) fn attempt(&mut self, guard: usize, pause: Span) -> Vec<Op> {
        let GuardKind::File(file) = self.stations.guards[guard].kind else {
            return Vec::new();
        };
        let call = entry(Syscall::Flock, EXCLUSIVE_AT_ONCE, file);
        vec![Op::Enter(call), Op::Run(EDGE), Op::Tried(guard, pause)]
    }

    /// A while after an attempt that was refused comes the next one.
    pub(super) fn sleep_and_try(&mut self, who: ThreadIndex, guard: usize, pause: Span) -> Vec<Op> {
        let mut ops = self.sleep(who, pause, Sleep::Call);
        ops.push(Op::Try(guard, pause));
        ops
    }
}
