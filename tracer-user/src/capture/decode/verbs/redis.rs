//! Redis requests: an array of bulk strings, the first of which is the command.

use crate::row::Verb;

const READS: [&str; 24] = [
    "GET",
    "MGET",
    "GETRANGE",
    "STRLEN",
    "EXISTS",
    "TTL",
    "PTTL",
    "TYPE",
    "KEYS",
    "SCAN",
    "HGET",
    "HMGET",
    "HGETALL",
    "HLEN",
    "HKEYS",
    "LRANGE",
    "LLEN",
    "LINDEX",
    "SMEMBERS",
    "SCARD",
    "SISMEMBER",
    "ZRANGE",
    "ZCARD",
    "XREAD",
];
const WRITES: [&str; 34] = [
    "SET", "MSET", "SETEX", "PSETEX", "SETNX", "GETSET", "GETDEL", "APPEND", "DEL", "UNLINK",
    "INCR", "INCRBY", "DECR", "DECRBY", "EXPIRE", "PEXPIRE", "HSET", "HMSET", "HDEL", "HINCRBY",
    "LPUSH", "RPUSH", "LPOP", "RPOP", "BLPOP", "BRPOP", "LREM", "LTRIM", "SADD", "SREM", "ZADD",
    "ZREM", "XADD", "PUBLISH",
];
/// Neither: sizes decide. Only names of this list are kept, since a reply of a server may look like a request.
const OTHERS: [&str; 38] = [
    "EVAL",
    "EVALSHA",
    "EVAL_RO",
    "EVALSHA_RO",
    "FCALL",
    "FCALL_RO",
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH",
    "UNWATCH",
    "PING",
    "ECHO",
    "AUTH",
    "HELLO",
    "SELECT",
    "CLIENT",
    "WAIT",
    "SORT",
    "ZADDNX",
    "ZRANGEBYSCORE",
    "ZREVRANGE",
    "ZINCRBY",
    "ZPOPMIN",
    "BZPOPMIN",
    "ZSCORE",
    "XREADGROUP",
    "XACK",
    "XLEN",
    "XTRIM",
    "BLMOVE",
    "LMOVE",
    "RPOPLPUSH",
    "BRPOPLPUSH",
    "SPOP",
    "SINTER",
    "PFADD",
    "BITCOUNT",
];

/// The command of a request, and its verb.
pub(super) fn command(head: &[u8]) -> Option<(&'static str, Verb)> {
    let rest = after_number(head.strip_prefix(b"*")?)?;
    let rest = after_number(rest.strip_prefix(b"$")?)?;
    let end = rest.iter().position(|byte| *byte == b'\r')?;
    let name = rest.get(..end)?;
    let find = |list: &[&'static str], verb: Verb| {
        list.iter()
            .find(|known| known.as_bytes().eq_ignore_ascii_case(name))
            .map(|known| (*known, verb))
    };
    find(&READS, Verb::RedisRead)
        .or_else(|| find(&WRITES, Verb::RedisWrite))
        .or_else(|| find(&OTHERS, Verb::Unknown))
}

/// What follows `DIGITS\r\n`.
fn after_number(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    if end == 0 {
        None
    } else {
        bytes.get(end..)?.strip_prefix(b"\r\n")
    }
}
