//! Calls alike that did not block, summed into one record until something else happens.
//!
//! The thread itself adds and sends; the task iterator sends what has lain for a while, so that a record is never much later
//! than the calls it tells of. A lock that nobody waits for keeps the two apart: who finds it taken does without.

use tracer_common::{CallEvent, Counter, EventKind, RawResource, call_flag};

use crate::{
    counter, exchange::Word, memory::load, offset, resource, ring, state::TaskState,
    syscalls::Class,
};

/// Calls further apart than this are told apart, since something was computed between them.
const WIDEST_GAP: u64 = 50_000;
/// What has lain for longer than this is sent by the iterator.
pub const LONGEST_REST: u64 = 100_000_000;

/// `FUTEX_WAKE`, `FUTEX_WAKE_BITSET`, and the bits of the operation that hold it (include/uapi/linux/futex.h).
const WAKE: u32 = 1;
const WAKE_BITSET: u32 = 10;
const COMMAND: u32 = 127;

/// Calls of one kind on one resource.
#[repr(C)]
pub struct Sum {
    /// 1: somebody reads or changes it.
    lock: Word,
    start: u64,
    end: u64,
    inside: u64,
    ret: i64,
    resource: RawResource,
    call: i32,
    op: u32,
    seq: u32,
    count: u32,
    compat: u32,
    reserved: u32,
}

impl Sum {
    /// No calls.
    pub const EMPTY: Self = Self {
        lock: Word::ZERO,
        start: 0,
        end: 0,
        inside: 0,
        ret: 0,
        resource: RawResource {
            tag: 0,
            fd: -1,
            a: 0,
            b: 0,
        },
        call: 0,
        op: 0,
        seq: 0,
        count: 0,
        compat: 0,
        reserved: 0,
    };
}

/// Whether the call that ends with `ret` may be summed: it did not block and did not fail, and it neither bounds an exchange
/// nor makes data durable.
#[inline(always)]
pub fn may_be_summed(state: &TaskState, class: Class, ret: i64) -> bool {
    if ret < 0 || state.call_flags & (call_flag::BLOCKED | call_flag::NO_START) != 0 {
        return false;
    }
    match class {
        Class::Read | Class::ReadVector | Class::Write | Class::WriteVector => {
            resource::is_summable(state.mode)
        }
        // Wake-ups of nobody.
        Class::Futex => {
            ret == 0 && (state.op & COMMAND == WAKE || state.op & COMMAND == WAKE_BITSET)
        }
        Class::Yield => true,
        _ => false,
    }
}

/// Adds the call that ends now. `false`: it must be sent by itself.
///
/// # Safety
/// `task` is the BTF pointer of the current thread, whose state this is.
#[inline(always)]
pub unsafe fn add(state: &mut TaskState, task: *const u8, now: u64, ret: i64) -> bool {
    if !state.sum.lock.replace(0, 1) {
        return false;
    }
    let inside = now.saturating_sub(state.call_start);
    let sum = &mut state.sum;
    let alike = sum.count != 0
        && sum.call == state.call
        && sum.op == state.op
        && sum.resource.b == state.resource.b
        && sum.resource.a == state.resource.a
        && sum.resource.tag == state.resource.tag
        && state.call_start.saturating_sub(sum.end) < WIDEST_GAP;
    if alike {
        sum.count += 1;
        sum.ret += ret;
        sum.inside += inside;
        sum.end = now;
    } else {
        // SAFETY: as above.
        unsafe { send(sum, task) };
        sum.start = state.call_start;
        sum.end = now;
        sum.inside = inside;
        sum.ret = ret;
        sum.resource = state.resource;
        sum.call = state.call;
        sum.op = state.op;
        sum.seq = state.seq;
        sum.count = 1;
        sum.compat = u32::from(state.call_flags & call_flag::COMPAT);
    }
    sum.lock.set(0);
    true
}

/// Sends what was summed up to `latest`, if anything.
///
/// # Safety
/// `task` is the BTF pointer of the thread whose state this is.
#[inline(always)]
pub unsafe fn flush(state: &mut TaskState, task: *const u8, latest: u64) {
    if state.sum.count == 0 || state.sum.end > latest || !state.sum.lock.replace(0, 1) {
        return;
    }
    // SAFETY: as above.
    unsafe { send(&mut state.sum, task) };
    state.sum.lock.set(0);
}

/// # Safety
/// As [`flush`], and the lock is held.
#[inline(never)]
unsafe fn send(sum: &mut Sum, task: *const u8) {
    if sum.count == 0 {
        return;
    }
    let Some(mut entry) = ring::reserve::<CallEvent>() else {
        counter::add(Counter::CallsLost, u64::from(sum.count));
        sum.count = 0;
        return;
    };
    let event = entry.as_mut_ptr();
    // SAFETY: a record that is ours until it is submitted; all of it is written. `task` is a BTF pointer.
    unsafe {
        (*event).header = ring::header::<CallEvent>(EventKind::Call, sum.end);
        (*event).start = sum.start;
        (*event).tid = load(task, offset!(task_pid));
        (*event).pid = load(task, offset!(task_tgid));
        (*event).ret = sum.ret;
        (*event).resource = sum.resource;
        (*event).call = sum.call;
        (*event).op = sum.op;
        (*event).seq = sum.seq;
        (*event).count = sum.count;
        (*event).inside = sum.inside;
        (*event).flags = sum.compat as u8;
        (*event).reserved = [0; 7];
    }
    ring::submit(entry);
    sum.count = 0;
}
