//! What a client asks of a database: where the statement is in the message.
//!
//! Only messages whose lengths fit what was sent are taken, so that a piece of somebody's data is never taken for a statement.

use super::{redis, sql};
use crate::capture::decode::statements::{Asked, Dialect, Name, Text};
use crate::row::Verb;

/// What a message that a client sent asks, and its verb. `head` are its first bytes, `sent` is its length.
pub(in super::super) fn request(head: &[u8], sent: u64) -> Option<(Asked<'_>, Verb)> {
    let command = || redis::command(head).map(|(name, verb)| (Asked::Command(name), verb));
    postgres(head, sent)
        .or_else(|| mysql(head, sent))
        .or_else(command)
}

/// `PostgreSQL`: `Q` (a query), `P` (parse: a name, then the query), `B` (bind: a portal, then the name of what was parsed), and
/// others before them in the same message. What only frames other statements (BEGIN) gives way to what it frames.
fn postgres(head: &[u8], sent: u64) -> Option<(Asked<'_>, Verb)> {
    let (mut rest, mut left) = (head, sent);
    let mut found = None;
    while let Some((kind, len, body)) = message(rest).filter(|(_, len, _)| *len < left) {
        let length = usize::try_from(len - 4).ok()?;
        let is_last = 1 + len == left;
        let asked = match kind {
            b'Q' => query(body, length).filter(|(_, verb)| is_last || *verb != Verb::Unknown),
            b'P' => parse(body, length),
            b'B' => bind(body).map(|name| (Asked::Execute(name), Verb::Unknown)),
            // Execute, describe, sync, flush and close.
            b'E' | b'D' | b'S' | b'H' | b'C' => None,
            _ => break,
        };
        found = match (found, asked) {
            // The bind of what was parsed before it is no other statement.
            (Some((_, Verb::SqlOther)), Some(next)) if !matches!(next.0, Asked::Execute(_)) => {
                Some(next)
            }
            (None, first) => first,
            (found, _) => found,
        };
        if found.is_some_and(|(_, verb)| verb != Verb::SqlOther) {
            break;
        }
        left -= 1 + len;
        match body.get(length..) {
            Some(next) => rest = next,
            None => break,
        }
    }
    found
}

/// Type, length (which counts itself) and body of a message.
fn message(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (len, body) = rest.split_first_chunk::<4>()?;
    let len = u64::from(u32::from_be_bytes(*len));
    (len >= 4).then_some((*kind, len, body))
}

/// The text that ends with a zero, in a body of `length` bytes.
fn text(body: &[u8], length: usize, dialect: Dialect) -> Text<'_> {
    let known = body.get(..length).unwrap_or(body);
    let end = known.iter().position(|byte| *byte == 0);
    Text {
        bytes: known.get(..end.unwrap_or(known.len())).unwrap_or_default(),
        whole: end.is_some() || known.len() == length,
        dialect,
    }
}

fn query(body: &[u8], length: usize) -> Option<(Asked<'_>, Verb)> {
    let text = text(body, length, Dialect::Postgres);
    let is_whole = body
        .get(..length)
        .is_none_or(|body| body.last() == Some(&0));
    is_whole.then(|| {
        let verb = sql::verb(text.bytes).unwrap_or_default();
        (Asked::Run(text), verb)
    })
}

fn parse(body: &[u8], length: usize) -> Option<(Asked<'_>, Verb)> {
    let end = body.iter().take(length).position(|byte| *byte == 0)?;
    let (name, query) = (body.get(..end)?, body.get(end + 1..)?);
    let text = text(query, length.checked_sub(end + 1)?, Dialect::Postgres);
    let verb = sql::verb(text.bytes).unwrap_or_default();
    Some((Asked::Prepare(Name::Chosen(name), text), verb))
}

fn bind(body: &[u8]) -> Option<Name<'_>> {
    let portal = body.iter().position(|byte| *byte == 0)?;
    let rest = body.get(portal + 1..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some(Name::Chosen(rest.get(..end)?))
}

/// `MySQL`: three bytes of length, sequence number 0, the command.
fn mysql(head: &[u8], sent: u64) -> Option<(Asked<'_>, Verb)> {
    let [low, middle, high, 0, command, body @ ..] = head else {
        return None;
    };
    let len = u64::from(u32::from_le_bytes([*low, *middle, *high, 0]));
    if len + 4 != sent {
        return None;
    }
    let statement = |body| Text {
        bytes: body,
        whole: head.len() as u64 == sent,
        dialect: Dialect::MySql,
    };
    match command {
        3 => {
            // From 8.0 on a query may begin with its (usually zero) number of parameters and sets of them.
            let body = body.strip_prefix(&[0, 1]).unwrap_or(body);
            // The length fits to the byte, so that `DO` and `CALL`, which are neither reads nor writes, are taken too.
            let is_text = body.trim_ascii_start().first()?.is_ascii_alphabetic();
            let verb = sql::verb(body).or_else(|| is_text.then_some(Verb::Unknown))?;
            Some((Asked::Run(statement(body)), verb))
        }
        0x16 => {
            let verb = sql::verb(body)?;
            Some((Asked::Prepare(Name::Awaited, statement(body)), verb))
        }
        0x17 => {
            // The statement's number, flags, and an iteration count of 1.
            let (number, rest) = body.split_first_chunk::<4>()?;
            let [0..=15, 1, 0, 0, 0, ..] = rest else {
                return None;
            };
            let name = Name::Given(u32::from_le_bytes(*number));
            Some((Asked::Execute(name), Verb::Unknown))
        }
        _ => None,
    }
}

/// The number that the server gives to a prepared statement; `None`: the message is another.
pub(in super::super) fn mysql_prepared(head: &[u8]) -> Option<u32> {
    let [12, 0, 0, 1, 0, number @ ..] = head else {
        return None;
    };
    number
        .first_chunk::<4>()
        .map(|number| u32::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::{mysql_prepared, request};
    use crate::capture::decode::statements::{Asked, Name};
    use crate::row::Verb;

    /// What is asked, as text.
    fn check(head: &[u8], sent: usize, expect: &str, expected_verb: Verb) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let name = |name: Name<'_>| match name {
            Name::Chosen(name) => text(name),
            Name::Given(number) => number.to_string(),
            Name::Awaited => "awaited".to_owned(),
        };
        let found = request(head, sent as u64).map(|(asked, verb)| {
            let asked = match asked {
                Asked::Run(query) => text(query.bytes) + if query.whole { "" } else { ".." },
                Asked::Prepare(called, query) => {
                    format!("{}: {}", name(called), text(query.bytes))
                }
                Asked::Execute(called) => format!("run {}", name(called)),
                Asked::Command(name) => name.to_owned(),
            };
            (asked, verb)
        });
        let expect = (!expect.is_empty()).then(|| (expect.to_owned(), expected_verb));
        assert_eq!(found, expect, "{}", head.escape_ascii());
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 4).expect("short");
        [&[kind][..], &len.to_be_bytes(), body].concat()
    }

    #[test]
    fn postgres_requests() {
        let query = message(b'Q', b"SELECT 1;\0");
        check(&query, query.len(), "SELECT 1;", Verb::SqlRead);
        check(&query[..10], query.len(), "SELEC..", Verb::SqlRead);
        let lock = message(b'Q', b"LOCK TABLE t\0");
        check(&lock, lock.len(), "LOCK TABLE t", Verb::SqlOther);
        let parse = message(b'P', b"S_1\0UPDATE t\0\0\0");
        let bind = message(b'B', b"\0S_1\0\0\0\0\0\0\0");
        check(&parse, parse.len(), "S_1: UPDATE t", Verb::SqlWrite);
        check(&bind, bind.len(), "run S_1", Verb::Unknown);
        let all = [&parse[..], &bind, &message(b'S', b"")].concat();
        check(&all, all.len(), "S_1: UPDATE t", Verb::SqlWrite);
    }

    #[test]
    fn what_frames_gives_way_to_what_it_frames() {
        let begin = [
            message(b'P', b"\0BEGIN\0\0\0"),
            message(b'B', b"\0\0\0\0\0\0\0\0"),
            message(b'E', b"\0\0\0\0\0"),
        ]
        .concat();
        check(&begin, begin.len(), ": BEGIN", Verb::SqlOther);
        let both = [&begin[..], &message(b'P', b"\0SELECT 2\0\0\0")].concat();
        check(&both, both.len(), ": SELECT 2", Verb::SqlRead);
    }

    #[test]
    fn mysql_and_redis_requests() {
        let query = b"\x0f\0\0\0\x03update t set a";
        check(query, query.len(), "update t set a", Verb::SqlWrite);
        let neither = b"\x0c\0\0\0\x03DO SLEEP(7)";
        check(neither, neither.len(), "DO SLEEP(7)", Verb::Unknown);
        let prepare = b"\x09\0\0\0\x16select 1";
        check(prepare, prepare.len(), "awaited: select 1", Verb::SqlRead);
        let execute = b"\x0a\0\0\0\x17\x03\0\0\0\0\x01\0\0\0";
        check(execute, execute.len(), "run 3", Verb::Unknown);
        assert_eq!(mysql_prepared(b"\x0c\0\0\x01\0\x03\0\0\0\0\0"), Some(3));
        assert_eq!(mysql_prepared(b"\x0c\0\0\x01\xff\x03\0\0\0\0\0"), None);
        check(b"*3\r\n$4\r\neval\r\n$", 90, "EVAL", Verb::Unknown);
        check(b"*3\r\n$5\r\nLPUSH\r\n", 90, "LPUSH", Verb::RedisWrite);
        check(b"*3\r\n$6\r\nsecret\r\n", 90, "", Verb::Unknown);
    }

    #[test]
    fn lengths_that_do_not_fit_are_no_request() {
        let query = message(b'Q', b"SELECT 1;\0");
        check(&query, query.len() - 1, "", Verb::Unknown);
        check(b"Q: how old is Quentin?", 22, "", Verb::Unknown);
        check(b"\x0f\0\0\0\x03update t set a", 20, "", Verb::Unknown);
        let odd = message(b'Q', b"not ended by a zero");
        check(&odd, odd.len(), "", Verb::Unknown);
    }

    #[test]
    fn any_bytes_are_taken() {
        let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            noise ^= noise >> 12;
            noise ^= noise << 25;
            noise ^= noise >> 27;
            noise.wrapping_mul(0x2545_f491_4f6c_dd1d)
        };
        let likely = b"QPBESDHC\0\0\0\0\x04\x05\x09\x16\x17\x03*$13\r\nselect ";
        let mut found = 0_u32;
        for _ in 0..200_000 {
            let length = usize::try_from(next() % 40).expect("small");
            let byte = |of: u64| likely[usize::from(of.to_le_bytes()[3]) % likely.len()];
            let head: Vec<u8> = (0..length).map(|_| byte(next())).collect();
            let sent = length as u64 + next() % 3;
            found += u32::from(request(&head, sent).is_some());
            found += mysql_prepared(&head).unwrap_or_default() & 1;
        }
        assert!(found > 0);
    }
}
