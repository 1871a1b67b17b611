//! System calls of tracked threads, from entry to return.

use aya_ebpf::{
    bindings::pt_regs,
    helpers::generated::{bpf_get_current_task_btf, bpf_ktime_get_ns},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use tracer_common::{
    CallEvent, Counter, EventKind, Header, INPUT_BYTES, OUTPUT_BYTES, call_flag, socket_role,
};

use crate::{
    counter::count,
    memory::load,
    message::{self, Direction},
    offset, registers, resource, ring,
    state::{self, NO_CALL, TaskState, UNKNOWN_CALL},
    sum,
    syscalls::{COMPAT_RESTART, Class, RESTART, SIGNAL_RETURN},
    wait,
};

/// `-ERESTARTSYS` to `-ERESTART_RESTARTBLOCK` (include/linux/errno.h): the call is not over, it is begun again.
const RESTARTS: core::ops::RangeInclusive<i64> = -516..=-512;
/// `-EINTR`, `-EINPROGRESS`.
const INTERRUPTED: i64 = -4;
const IN_PROGRESS: i64 = -115;

/// `sys_enter(regs, number)`.
#[btf_tracepoint(function = "sys_enter")]
pub fn sys_enter(ctx: BtfTracePointContext) -> i32 {
    // SAFETY: the current task is a BTF pointer, and so is the first argument.
    unsafe {
        let task: *const u8 = bpf_get_current_task_btf().cast::<u8>();
        let Some(state) = state::of(task) else {
            return 0;
        };
        if state.since.get() != 0 {
            wait::notice(state, task, bpf_ktime_get_ns());
        }
        let saved: *const pt_regs = ctx.arg(0);
        let number = ctx.arg::<u64>(1) as i32;
        let compat = registers::is_compat(task);
        if state.interrupted != 0 {
            if number == state.call || number == if compat { COMPAT_RESTART } else { RESTART } {
                state.interrupted = 0;
                return 0;
            }
            if number == SIGNAL_RETURN && !compat {
                return 0;
            }
            // A signal handler ran and the call was not begun again: it has returned EINTR.
            finish(state, task, bpf_ktime_get_ns(), INTERRUPTED);
        }
        state.seq += 1;
        state.resolved = 0;
        state.call_flags = if compat { call_flag::COMPAT } else { 0 };
        state.call = number;
        let class = state.class();
        if class == Class::Ignored {
            return 0;
        }
        state.call_start = bpf_ktime_get_ns();
        state.args = registers::arguments(saved, compat);
        if class == Class::Close {
            resource::resolve(state, task, true);
        }
    }
    0
}

/// `sys_exit(regs, ret)`.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    // SAFETY: the current task is a BTF pointer.
    unsafe {
        let task: *const u8 = bpf_get_current_task_btf().cast::<u8>();
        let Some(state) = state::of(task) else {
            return 0;
        };
        if state.since.get() != 0 {
            wait::notice(state, task, bpf_ktime_get_ns());
        }
        let ret = ctx.arg::<i64>(1);
        if state.call == UNKNOWN_CALL {
            state.adopt_call(task, bpf_ktime_get_ns());
        }
        if state.call == NO_CALL {
            return 0;
        }
        if state.interrupted != 0 {
            // The return of rt_sigreturn, which was let pass: the call waits to be begun again.
            return 0;
        }
        if RESTARTS.contains(&ret) {
            // What a signal handler does meanwhile may close the file.
            resource::resolve(state, task, true);
            state.interrupted = 1;
            return 0;
        }
        if state.class() == Class::Ignored {
            state.call = NO_CALL;
            return 0;
        }
        finish(state, task, bpf_ktime_get_ns(), ret);
    }
    0
}

/// The call is over: tells of it if it is of a kind that is recorded.
///
/// # Safety
/// `task` is the BTF pointer of the current thread, whose state this is.
#[inline(never)]
unsafe fn finish(state: &mut TaskState, task: *const u8, now: u64, ret: i64) {
    let class = state.class();
    state.interrupted = 0;
    if class == Class::Ignored {
        state.call = NO_CALL;
        return;
    }
    // SAFETY: as above.
    unsafe {
        if class == Class::Open {
            state.resolved = 1;
            state.op = 0;
            if ret >= 0 {
                resource::resolve_fd(task, ret as i32, 0, state);
            } else {
                state.resource = resource::NONE;
            }
        } else {
            resource::resolve(state, task, true);
        }
        if class == Class::Fcntl && !resource::is_lock_command(state.args[1] as u32) {
            state.call = NO_CALL;
            return;
        }
        if class == Class::Connect && (ret == 0 || ret == IN_PROGRESS) {
            resource::resolve_fd(task, state.args[0] as i32, socket_role::CLIENT, state);
        }
        if class == Class::Accept && ret >= 0 {
            // The call is about the listener; the new connection is described beside it.
            let listener = state.resource;
            resource::resolve_fd(task, ret as i32, socket_role::SERVER, state);
            state.resource = listener;
        }
        if !sum::may_be_summed(state, class, ret) || !sum::add(state, task, now, ret) {
            sum::flush(state, task, now);
            emit(state, task, now, ret, class);
        }
    }
    state.call = NO_CALL;
}

/// # Safety
/// As [`finish`].
#[inline(always)]
unsafe fn emit(state: &TaskState, task: *const u8, now: u64, ret: i64, class: Class) {
    // SAFETY: as above.
    let told = unsafe {
        match message::direction(state, class, ret) {
            Some(Direction::In) => message::emit::<INPUT_BYTES>(state, task, now, ret, class),
            Some(Direction::Out) => message::emit::<OUTPUT_BYTES>(state, task, now, ret, class),
            None => tell(state, task, now, ret),
        }
    };
    if !told {
        count(Counter::CallsLost);
    }
}

/// Tells of a call without a message; whether there was room.
///
/// # Safety
/// As [`finish`].
#[inline(always)]
unsafe fn tell(state: &TaskState, task: *const u8, now: u64, ret: i64) -> bool {
    let Some(mut entry) = ring::reserve::<CallEvent>() else {
        return false;
    };
    let header = ring::header::<CallEvent>(EventKind::Call, now);
    // SAFETY: a record that is ours until it is submitted; all of it is written. `task` is a BTF pointer.
    unsafe { fill(entry.as_mut_ptr(), header, state, task, ret) };
    ring::submit(entry);
    true
}

/// Writes all of the event of the call that ends at `header.end`.
///
/// # Safety
/// `event` may be written, and `task` is the BTF pointer of the current thread, whose state this is.
#[inline(always)]
pub unsafe fn fill(
    event: *mut CallEvent,
    header: Header,
    state: &TaskState,
    task: *const u8,
    ret: i64,
) {
    // SAFETY: as above.
    unsafe {
        (*event).header = header;
        (*event).start = state.call_start;
        (*event).tid = load(task, offset!(task_pid));
        (*event).pid = load(task, offset!(task_tgid));
        (*event).ret = ret;
        (*event).resource = state.resource;
        (*event).call = state.call;
        (*event).op = state.op;
        (*event).seq = state.seq;
        (*event).count = 1;
        (*event).inside = header.end.saturating_sub(state.call_start);
        (*event).flags = state.call_flags;
        (*event).reserved = [0; 7];
    }
}
