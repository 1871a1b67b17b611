//! Requests and replies as the kernel sees them.

use super::expand::{EDGE, QUICK, quick};
use super::machine::Machine;
use super::plan::{Action, Asks, Sleep, Span};
use super::rows::Entry;
use super::stations::ThreadIndex;
use super::thread::{Op, Return};
use crate::row::{Nanos, ResourceId, StatementId, Syscall, Verb};

/// How long somebody sleeps whose request was refused.
const AGAIN: Nanos = Nanos(100_000_000);

/// A request and its reply as the kernel sees them.
struct Message {
    verb: Verb,
    reply: Verb,
    status: u16,
    out: i64,
    inward: i64,
}

fn message(asks: Asks) -> Message {
    let of = |verb, reply, status, out, inward| Message {
        verb,
        reply,
        status,
        out,
        inward,
    };
    match asks {
        Asks::Fetch => of(Verb::HttpRead, Verb::HttpReply, 200, 200, 9_000),
        Asks::Write => of(Verb::HttpPost, Verb::HttpReply, 200, 800, 120),
        Asks::Select => of(Verb::SqlRead, Verb::Unknown, 0, 120, 2_000),
        Asks::Begin => of(Verb::SqlOther, Verb::Unknown, 0, 12, 20),
        Asks::Insert => of(Verb::SqlWrite, Verb::Unknown, 0, 400, 30),
    }
}

impl Machine<'_> {
    /// How a reply is read, once it is there; a refused request is made again after a while.
    pub(super) fn read_reply(
        &mut self,
        who: ThreadIndex,
        action: Action,
        receive: Entry,
    ) -> Vec<Op> {
        let Action::Request { asks, reads, .. } = action else {
            return Vec::new();
        };
        let message = message(asks);
        if std::mem::take(&mut self.threads[who].is_refused) {
            let refusal = Return {
                ret: 100,
                verb: Verb::HttpReply,
                status: 429,
                ..Return::default()
            };
            let mut ops = vec![Op::Run(EDGE), Op::Return(refusal)];
            let pause = Span {
                mean: AGAIN,
                spread: Nanos::ZERO,
            };
            ops.extend(self.sleep(who, pause, Sleep::Call));
            ops.push(Op::Do(action));
            return ops;
        }
        let first = Return {
            ret: message.inward / i64::from(reads),
            verb: message.reply,
            status: message.status,
            ..Return::default()
        };
        let mut ops = vec![Op::Run(EDGE), Op::Return(first)];
        for _ in 1..reads {
            ops.extend(quick(
                receive,
                Return::of(message.inward / i64::from(reads)),
            ));
        }
        ops
    }

    /// What a thread of a local peer does for a request.
    pub(super) fn serve(&mut self, who: ThreadIndex, peer: usize, time: Nanos) -> Vec<Op> {
        let guard = self.plan.locks.len() + peer;
        let socket = self.served_socket(who, peer);
        let span = Span {
            mean: time,
            spread: Nanos::ZERO,
        };
        let mut ops = vec![Op::Take(guard)];
        match self.plan.peers[peer].computes {
            true => ops.push(Op::Run(time)),
            false => ops.extend(self.sleep(who, span, Sleep::Call)),
        }
        ops.push(Op::Release(guard));
        let reply = Return {
            ret: 9_000,
            verb: Verb::HttpReply,
            status: 200,
            ..Return::default()
        };
        ops.extend([
            Op::Enter(Entry::of(Syscall::Sendto, socket)),
            Op::Run(QUICK),
            Op::Answered,
            Op::Return(reply),
        ]);
        ops
    }
}

/// A request over a socket, up to where its reply is there.
pub(super) fn request(
    socket: ResourceId,
    peer: usize,
    what: (Asks, Span, StatementId),
    again: Action,
) -> Vec<Op> {
    let (asks, time, statement) = what;
    let message = message(asks);
    let sent = Return {
        ret: message.out,
        verb: message.verb,
        status: 0,
        statement,
    };
    let receive = Entry::of(Syscall::Recvfrom, socket);
    vec![
        Op::Enter(Entry::of(Syscall::Sendto, socket)),
        Op::Run(QUICK),
        Op::Ask(peer, time),
        Op::Return(sent),
        Op::Enter(receive),
        Op::Run(EDGE),
        Op::AwaitReply,
        Op::Reply(again, receive),
    ]
}
