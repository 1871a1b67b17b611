//! Tells the verb of a message by its first bytes.
//!
//! In: the first bytes of a message in plaintext. Out: a [`Verb`] and, of an HTTP reply, its status; of a request to a database
//! where its statement is. What is not surely one of these protocols is [`Verb::Unknown`]. Pure; takes any bytes.

mod redis;
mod request;
mod sql;

pub(super) use request::{mysql_prepared, request};

use crate::row::Verb;

/// The verb of a message and the HTTP status of a reply (0 for others).
#[must_use]
pub fn verb(head: &[u8]) -> (Verb, u16) {
    if let Some(found) = http(head) {
        return found;
    }
    let verb = if is_tls(head) {
        Verb::Tls
    } else {
        redis::command(head)
            .map(|(_, verb)| verb)
            .or_else(|| postgres(head))
            .or_else(|| mysql(head))
            .unwrap_or(Verb::Unknown)
    };
    (verb, 0)
}

/// RFC 9112, request line and status line.
fn http(head: &[u8]) -> Option<(Verb, u16)> {
    const REQUESTS: [(&[u8], Verb); 7] = [
        (b"GET ", Verb::HttpRead),
        (b"HEAD ", Verb::HttpRead),
        (b"OPTIONS ", Verb::HttpRead),
        (b"POST ", Verb::HttpPost),
        (b"PUT ", Verb::HttpWrite),
        (b"PATCH ", Verb::HttpWrite),
        (b"DELETE ", Verb::HttpWrite),
    ];
    for (start, verb) in REQUESTS {
        // The target of a request is a path, a URL or "*"; "GET me" is no HTTP.
        if let Some(rest) = head.strip_prefix(start) {
            return matches!(rest.first(), None | Some(b'/' | b'*' | b'h')).then_some((verb, 0));
        }
    }
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let [b'0' | b'1', b' ', digits @ ..] = rest else {
        return None;
    };
    let digits = digits.get(..3)?;
    let status = digits.iter().try_fold(0u16, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + u16::from(digit - b'0'))
    })?;
    (100..600)
        .contains(&status)
        .then_some((Verb::HttpReply, status))
}

/// RFC 8446, section 5.1: content type, version 3.0 to 3.4, length of at most 2^14 + 2048.
fn is_tls(head: &[u8]) -> bool {
    matches!(head, [0x14..=0x17, 3, 0..=4, high, low, ..] if {
        let len = u16::from_be_bytes([*high, *low]);
        len > 0 && len <= 16_384 + 2_048
    })
}

/// PostgreSQL's wire protocol, version 3: a type byte and a length that counts itself.
///
/// Requests: `Q` (a query) and `P` (parse: a name, then the query). Replies: a row description or data row is the answer to
/// a read; a command tag says itself what was done. Short messages before them (parse and bind complete) are stepped over.
fn postgres(mut head: &[u8]) -> Option<Verb> {
    loop {
        let (kind, rest) = head.split_first()?;
        let len = u32::from_be_bytes(*rest.first_chunk::<4>()?);
        let body = rest.get(4..)?;
        // Nothing of a gigabyte is sent in one message; a larger length is another protocol.
        if !(4..1 << 30).contains(&len) {
            return None;
        }
        return match kind {
            b'Q' => sql::verb(body),
            b'P' => {
                let name = body.iter().position(|byte| *byte == 0)?;
                sql::verb(body.get(name + 1..)?)
            }
            b'C' if len > 4 => sql::verb(body),
            // Row description: a count of columns, then the first one's name.
            b'T' if len > 6 && matches!(body, [0..=7, _, ..]) => Some(Verb::SqlRead),
            b'1' | b'2' | b'3' | b'n' if len == 4 => {
                head = body;
                continue;
            }
            _ => None,
        };
    }
}

/// `MySQL`'s protocol: three bytes of length, sequence number 0, `COM_QUERY` (3), the query.
fn mysql(head: &[u8]) -> Option<Verb> {
    let [low, middle, high, 0, 3, query @ ..] = head else {
        return None;
    };
    let len = u32::from_le_bytes([*low, *middle, *high, 0]);
    // From 8.0 on a query may begin with its (usually zero) number of parameters and sets of them.
    let query = query.strip_prefix(&[0, 1]).unwrap_or(query);
    if len < 2 { None } else { sql::verb(query) }
}

#[cfg(test)]
mod tests {
    use super::verb;
    use crate::row::Verb;

    fn check(head: &[u8], expect: Verb) {
        assert_eq!(verb(head), (expect, 0), "{}", head.escape_ascii());
    }

    #[test]
    fn http_requests_and_replies() {
        check(b"GET /items?page=3 HTTP/1", Verb::HttpRead);
        check(b"POST /graphql HTTP/1.1\r\n", Verb::HttpPost);
        check(b"DELETE /a HTTP/1.1\r\nHost", Verb::HttpWrite);
        check(b"GET me out of here", Verb::Unknown);
        check(b"GET ", Verb::HttpRead);
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Verb::Unknown);
        for (head, status) in [
            (&b"HTTP/1.1 200 OK\r\nContent"[..], 200),
            (b"HTTP/1.0 429 Too Many", 429),
        ] {
            assert_eq!(verb(head), (Verb::HttpReply, status));
        }
        for head in [&b"HTTP/1.1 2x0 OK"[..], b"HTTP/1.1 20", b"HTTP/1.1 999 "] {
            check(head, Verb::Unknown);
        }
    }

    #[test]
    fn postgres_messages() {
        check(b"Q\0\0\0\x15SELECT 1 FROM t;\0", Verb::SqlRead);
        check(b"Q\0\0\0\x0bCOMMIT\0", Verb::SqlWrite);
        check(b"Q\0\0\0\x0bBEGIN;\0", Verb::SqlOther);
        check(b"P\0\0\0\x40\0INSERT INTO events(", Verb::SqlWrite);
        check(b"P\0\0\0\x40stmt_1\0  select a, ", Verb::SqlRead);
        check(
            b"1\0\0\0\x042\0\0\0\x04n\0\0\0\x04C\0\0\0\x0fINSE",
            Verb::SqlWrite,
        );
        check(
            b"1\0\0\0\x042\0\0\0\x04T\0\0\0\x21\0\x01id\0",
            Verb::SqlRead,
        );
        check(b"C\0\0\0\x0fINSERT 0 1\0Z\0\0\0\x05I", Verb::SqlWrite);
        check(b"Q\xff\xff\xff\xffSELECT", Verb::Unknown);
    }

    #[test]
    fn mysql_redis_tls() {
        check(b"\x15\0\0\0\x03select * from t", Verb::SqlRead);
        check(b"\x15\0\0\0\x03\0\x01/* a */ update t ", Verb::SqlWrite);
        check(b"\x01\0\0\0\x01", Verb::Unknown);
        check(b"*3\r\n$3\r\nSET\r\n$3\r\nkey", Verb::RedisWrite);
        check(b"*2\r\n$4\r\nhlen\r\n$", Verb::RedisRead);
        check(b"*1\r\n$4\r\nPING\r\n", Verb::Unknown);
        check(b"\x17\x03\x03\x01\x00secret", Verb::Tls);
        check(b"\x16\x03\x01\x02\x00\x01\x00\x01", Verb::Tls);
        check(b"\x17\x03\x03\xff\xffsecret", Verb::Unknown);
        check(b"", Verb::Unknown);
    }
}
