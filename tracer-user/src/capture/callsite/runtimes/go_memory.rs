//! Where the runtime of a Go program keeps its goroutines: found in its code and in its memory, since a stripped program has neither
//! symbols nor debug information, and how a `g` is laid out changes from release to release.
//!
//! In: the table of functions that every Go program has, and the memory of a process. Out: the address of the list of all goroutines,
//! the runtime's words for what they wait for, and the places of some members of a `g`. What is found is checked against what it must be: the
//! first goroutine has the number 1, each begins with a function, each that waits has its frame within its stack. Where that does not hold, nothing
//! is found. Go 1.18 to 1.26 for amd64 are known (runtime/runtime2.go; in 1.26 the channels lie elsewhere in a `sudog`, and have no slots here).

use std::ops::Range;

use super::go::{Offsets, RUNNABLE, SCAN_BIT, WAITING};
use crate::capture::callsite::pclntab::PcTable;
use crate::capture::memory::{read, read_many, word, word_at};
use crate::row::Pid;

/// Most bytes of a function's code that are looked through.
const LONGEST: u64 = 16 << 10;
/// Most goroutines that the layout is concluded from.
const ENOUGH: usize = 64;
/// Bytes of a `g` that are looked at.
const LOOKED_AT: usize = 512;
/// Most reasons for waiting; there are some forty.
const MOST_REASONS: u64 = 128;
/// Longest of them, bytes.
const LONGEST_REASON: u64 = 64;

/// Members of a `g` that lie where they lay in all of these releases: `stack.lo`, `stack.hi`, `sched.sp`, `sched.pc`, `sched.g`.
const STACK_LOW: usize = 0;
const STACK_HIGH: usize = 8;
const SCHED_PC: usize = 64;
const SCHED_G: usize = 72;
/// `sched.bp`: from 1.25 on, and before.
const SCHED_BP: [usize; 2] = [96, 104];
/// Where `goid` may lie; behind it `schedlink`, `waitsince` and `waitreason`, before it `atomicstatus` and `stackLock`.
const GOID: Range<usize> = 136..200;
const GOID_TO_REASON: usize = 24;
const STATUS_TO_GOID: usize = 8;
/// Behind `startpc` comes `racectx`, then `waiting`; before it `ancestors`, and `gopc`.
const START_TO_WAITING: usize = 16;
const CREATED_TO_START: usize = 16;
/// `sudog.c`, `hchan.dataqsiz`
const CHANNEL: u64 = 80;
const SLOTS: u64 = 8;

/// States of a goroutine that has its registers saved.
const SAVED: [u32; 2] = [RUNNABLE, WAITING];
/// States of one that is not begun, or has ended: `_Gidle`, `_Gdead`.
const NONE: [u32; 2] = [0, 6];
/// Highest state (`_Gpreempted`, and in later releases those of a leaked and of a dead extra one).
const HIGHEST: u32 = 11;

/// What is found of a runtime.
#[derive(Debug)]
pub struct GoMemory {
    /// Address of `runtime.allgs`, a slice.
    pub all: u64,
    /// Words for why a goroutine waits, by their number.
    pub reasons: Vec<String>,
    /// Where things lie in a `g`.
    pub offsets: Offsets,
}

/// Looks for the runtime of a process whose code lies `bias` further than `table` says.
#[must_use]
pub fn find(pid: Pid, table: &PcTable, bias: u64) -> Option<GoMemory> {
    let all = all_goroutines(pid, table, bias)?;
    Some(GoMemory {
        all,
        reasons: reasons(pid, table, bias)?,
        offsets: offsets(pid, table, bias, all)?,
    })
}

/// `runtime.forEachG` reads the list and its length, which lies behind it.
fn all_goroutines(pid: Pid, table: &PcTable, bias: u64) -> Option<u64> {
    let read_from = references(pid, table, bias, "runtime.forEachG", MOVE);
    let mut lists = read_from.iter().copied();
    lists.find(|at| read_from.contains(&(at + 8)) && is_list(pid, *at))
}

/// A slice of pointers to goroutines, by the first of them.
fn is_list(pid: Pid, at: u64) -> bool {
    let header = || {
        let word = |index: u64| word_at(pid, at.wrapping_add(8 * index));
        Some((word(0)?, word(1)?, word(2)?))
    };
    let Some((list, len, capacity)) = header() else {
        return false;
    };
    let first = word_at(pid, list);
    let is_itself = |g: u64| word_at(pid, g.wrapping_add(SCHED_G as u64)) == Some(g);
    len > 0 && len <= capacity && first.is_some_and(is_itself)
}

/// The list of words is used where a goroutine is described in a crash.
fn reasons(pid: Pid, table: &PcTable, bias: u64) -> Option<Vec<String>> {
    /// The first words of all of these releases.
    const FIRST: [&str; 2] = ["", "GC assist marking"];
    let users = ["runtime.goroutineheader", "runtime.waitReason.String"];
    let mut lists = users
        .iter()
        .flat_map(|user| references(pid, table, bias, user, ADDRESS));
    lists.find_map(|at| {
        let list = strings(pid, at);
        list.starts_with(&FIRST.map(str::to_owned)).then_some(list)
    })
}

fn strings(pid: Pid, address: u64) -> Vec<String> {
    let string = |index: u64| {
        let at = address.wrapping_add(16 * index);
        let (start, len) = (word_at(pid, at)?, word_at(pid, at.wrapping_add(8))?);
        let len = usize::try_from(len)
            .ok()
            .filter(|_| len <= LONGEST_REASON)?;
        let mut bytes = vec![0; len];
        if len > 0 {
            read(pid, start, &mut bytes)?;
        }
        String::from_utf8(bytes).ok()
    };
    (0..MOST_REASONS).map_while(string).collect()
}

/// Codes of instructions that take an address relative to the next one: a load, and the address itself.
const MOVE: u8 = 0x8b;
const ADDRESS: u8 = 0x8d;

/// What the code of a function refers to by such instructions. Bytes within others may look like one: whoever asks checks what is
/// there.
fn references(pid: Pid, table: &PcTable, bias: u64, function: &str, code: u8) -> Vec<u64> {
    let found = table.named(function).and_then(|range| {
        let len = usize::try_from((range.end - range.start).min(LONGEST)).ok()?;
        let (start, mut bytes) = (range.start.wrapping_add(bias), vec![0; len]);
        read(pid, start, &mut bytes)?;
        Some(targets(start, &bytes, code))
    });
    found.unwrap_or_default()
}

/// `48` or `4c`, the code, a byte that says "relative", and four bytes of distance.
fn targets(start: u64, code: &[u8], operation: u8) -> Vec<u64> {
    const LENGTH: usize = 7;
    let windows = code.windows(LENGTH).enumerate();
    let relative = windows.filter(|(_, bytes)| {
        matches!(bytes[0], 0x48 | 0x4c) && bytes[1] == operation && bytes[2] & 0xc7 == 0x05
    });
    relative
        .filter_map(|(at, bytes)| {
            let distance = i32::from_le_bytes(*bytes[3..].first_chunk()?);
            let next = start.wrapping_add((at + LENGTH) as u64);
            Some(next.wrapping_add_signed(distance.into()))
        })
        .collect()
}

/// Where things lie in the goroutines of a process.
fn offsets(pid: Pid, table: &PcTable, bias: u64, all: u64) -> Option<Offsets> {
    let count = usize::try_from(word_at(pid, all.wrapping_add(8))?).ok()?;
    let mut addresses = vec![0; 8 * count.min(ENOUGH)];
    read(pid, word_at(pid, all)?, &mut addresses)?;
    let pieces: Vec<(u64, usize)> = (addresses.chunks_exact(8))
        .filter_map(|bytes| Some((word(bytes, 0)?, LOOKED_AT)))
        .collect();
    let goroutines = read_many(pid, &pieces);
    conclude(&goroutines, |pc| table.is_entry(pc.wrapping_sub(bias)))
}

/// The layout by which all of these goroutines, the first among them, make sense.
fn conclude(goroutines: &[Vec<u8>], is_entry: impl Fn(u64) -> bool) -> Option<Offsets> {
    let status = |g: &[u8], goid: usize| {
        let bytes = g.get(goid - STATUS_TO_GOID..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes) & !SCAN_BIT)
    };
    let numbers_are_sound = |goid: usize| {
        let of = |g: &Vec<u8>| Some((word(g, goid)?, status(g, goid)?));
        let sound = |g| {
            let found = of(g);
            found.is_some_and(|(id, status)| (1..1 << 48).contains(&id) && status <= HIGHEST)
        };
        goroutines
            .first()
            .and_then(of)
            .is_some_and(|(id, _)| id == 1)
            && goroutines.iter().all(sound)
    };
    let goid = GOID.step_by(8).find(|goid| numbers_are_sound(*goid))?;
    let in_state = |states: [u32; 2], is_in: bool| {
        let all = goroutines.iter();
        all.filter(move |g| status(g, goid).is_some_and(|of| states.contains(&of) == is_in))
    };
    let has_frame = |g: &Vec<u8>, bp: usize| {
        let inside = || {
            let (low, high) = (word(g, STACK_LOW)?, word(g, STACK_HIGH)?);
            Some((low..high).contains(&word(g, bp)?))
        };
        inside() == Some(true)
    };
    let frames = |bp: &usize| in_state(SAVED, true).filter(|g| has_frame(g, *bp)).count();
    let bp = SCHED_BP.into_iter().max_by_key(frames)?;
    (frames(&bp) > 0).then_some(())?;
    let begins = |start: &usize| {
        let mut alive = in_state(NONE, false).peekable();
        alive.peek().is_some() && alive.all(|g| word(g, *start).is_some_and(&is_entry))
    };
    let from = goid + GOID_TO_REASON + CREATED_TO_START + 8;
    let start = (from..LOOKED_AT - START_TO_WAITING - 8)
        .step_by(8)
        .find(begins)?;
    Some(Offsets {
        status: goid - STATUS_TO_GOID,
        reason: goid + GOID_TO_REASON,
        waiting: start + START_TO_WAITING,
        start,
        stack_high: STACK_HIGH,
        pc: SCHED_PC,
        bp,
        channel: CHANNEL,
        slots: SLOTS,
        size: start + START_TO_WAITING + 8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_that_refer_to_data_are_found() {
        // lea rax, [rip + 0x10]; mov rcx, [rip - 7]; mov r9, [rip + 1]; mov rax, [rbx + 5]
        let code = [
            0x48, 0x8d, 0x05, 0x10, 0, 0, 0, //
            0x48, 0x8b, 0x0d, 0xf9, 0xff, 0xff, 0xff, //
            0x4c, 0x8b, 0x0d, 1, 0, 0, 0, //
            0x48, 0x8b, 0x43, 0x05,
        ];
        assert_eq!(targets(0x1000, &code, ADDRESS), [0x1017]);
        assert_eq!(targets(0x1000, &code, MOVE), [0x1007, 0x1016]);
        assert!(targets(0x1000, &code[..6], ADDRESS).is_empty());
    }

    /// A goroutine with its number, state and frame, laid out with the frame pointer, number and first function at these places.
    fn goroutine(at: [usize; 3], id: u64, state: u64, frame: u64) -> Vec<u8> {
        let mut bytes = vec![0; LOOKED_AT];
        let mut put =
            |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        put(STACK_LOW, 0x10_000);
        put(STACK_HIGH, 0x12_000);
        put(at[0], frame);
        put(at[1] - STATUS_TO_GOID, state);
        put(at[1], id);
        put(at[2] - CREATED_TO_START, 0x4321);
        put(at[2], if state == 6 { 0 } else { 0x4000 });
        bytes
    }

    fn check(at: [usize; 3], expect: Option<[usize; 3]>) {
        let all = [
            goroutine(at, 1, 4, 0x11_000),
            goroutine(at, 2, 2, 0),
            goroutine(at, 18, 6, 0),
            goroutine(at, 19, 0x1004, 0x11_800),
        ];
        let found = conclude(&all, |pc| pc == 0x4000);
        let found = found.map(|of| [of.bp, of.status + STATUS_TO_GOID, of.start]);
        assert_eq!(found, expect, "{at:?}");
    }

    #[test]
    fn the_layouts_of_all_releases_are_told_apart() {
        for at in [[104, 152, 296], [104, 160, 312], [96, 152, 288]] {
            check(at, Some(at));
        }
        // Another layout gives nothing.
        check([112, 152, 296], None);
        check([104, 208, 296], None);
    }

    #[test]
    fn without_sense_nothing_is_found() {
        let at = [104, 152, 296];
        let of = |id, state, frame| vec![goroutine(at, id, state, frame)];
        let is_found = |all: &[Vec<u8>]| conclude(all, |pc| pc == 0x4000).is_some();
        assert!(is_found(&of(1, 4, 0x11_000)));
        assert!(!is_found(&of(7, 4, 0x11_000)), "the first has the number 1");
        assert!(!is_found(&of(1, 99, 0x11_000)), "no such state");
        assert!(
            !is_found(&of(1, 4, 0x13_000)),
            "its frame is not on its stack"
        );
        assert!(!is_found(&of(1, 6, 0)), "none lives");
        assert!(!is_found(&[]) && !is_found(&[vec![0; 40]]));
        assert!(conclude(&of(1, 4, 0x11_000), |_| false).is_none());
    }
}
