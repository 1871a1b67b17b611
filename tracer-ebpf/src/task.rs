//! Births, execs, names and exits of threads.

use aya_ebpf::{
    helpers::generated::{
        bpf_get_current_task_btf, bpf_ktime_get_ns, bpf_probe_read_kernel,
        bpf_probe_read_kernel_str,
    },
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use tracer_common::{COMM_BYTES, Counter, EventKind, TaskEvent, TaskEventKind, narrow, reason};

use crate::{
    counter::count,
    maps::{PROCESSES, left_out},
    memory::load,
    offset, ring, setting,
    state::{self, NO_CALL},
    sum,
};

/// `CLONE_THREAD` (include/uapi/linux/sched.h).
const THREAD: u64 = 0x1_0000;

/// `task_newtask(task, clone_flags)`: the parent is current. Children of tracked processes are tracked, in the role of
/// their parent; so are io_uring's workers, which come this way only.
#[btf_tracepoint(function = "task_newtask")]
pub fn task_newtask(ctx: BtfTracePointContext) -> i32 {
    let task: *const u8 = ctx.arg(0);
    let clone_flags = ctx.arg::<u64>(1);
    // SAFETY: the tracepoint's argument and the current task are BTF pointers.
    unsafe {
        let parent: *const u8 = bpf_get_current_task_btf().cast::<u8>();
        let parent_pid: u32 = load(parent, offset!(task_tgid));
        let Some(role) = PROCESSES.get_ptr(parent_pid) else {
            return 0;
        };
        let role = *role;
        let pid: u32 = load(task, offset!(task_tgid));
        if pid == setting!(own_pid) {
            return 0;
        }
        if clone_flags & THREAD == 0 && PROCESSES.insert(pid, role, 0).is_err() {
            count(Counter::ProcessTableFull);
            return 0;
        }
        let now = bpf_ktime_get_ns();
        if let Some(state) = state::track(task) {
            // From here to its first run it queues for a CPU.
            state.call = NO_CALL;
            state.reason = reason::PREEMPTED;
            state.left = now;
            state.since.set(now);
        }
        let parent_tid: u32 = load(parent, offset!(task_pid));
        send(
            task,
            TaskEventKind::Born,
            now,
            [parent_tid, parent_pid],
            clone_flags as u32,
            core::ptr::null(),
        );
    }
    0
}

/// `sched_process_exec(task, old_pid, binprm)`: a thread that execs takes over the leader's tid and birth.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(ctx: BtfTracePointContext) -> i32 {
    let task: *const u8 = ctx.arg(0);
    let former = ctx.arg::<u64>(1) as u32;
    // SAFETY: the tracepoint's argument is a BTF pointer.
    unsafe {
        if PROCESSES
            .get_ptr(load::<u32>(task, offset!(task_tgid)))
            .is_none()
        {
            return 0;
        }
        // de_thread gives it the leader's tid and start_time (fs/exec.c, v6.18).
        if former != load::<u32>(task, offset!(task_pid)) {
            state::rename(task, former);
        }
        send(
            task,
            TaskEventKind::Exec,
            bpf_ktime_get_ns(),
            [former, 0],
            0,
            core::ptr::null(),
        );
    }
    0
}

/// `task_rename(task, comm)`, before the name is set.
#[btf_tracepoint(function = "task_rename")]
pub fn task_rename(ctx: BtfTracePointContext) -> i32 {
    let task: *const u8 = ctx.arg(0);
    let name: *const u8 = ctx.arg(1);
    // SAFETY: the tracepoint's argument is a BTF pointer.
    unsafe {
        if state::of(task).is_some() {
            send(
                task,
                TaskEventKind::Named,
                bpf_ktime_get_ns(),
                [0, 0],
                0,
                name,
            );
        }
    }
    0
}

/// `sched_process_exit(task)`: the thread still runs on to its last switch-out, where its state is dropped.
#[btf_tracepoint(function = "sched_process_exit")]
pub fn sched_process_exit(ctx: BtfTracePointContext) -> i32 {
    let task: *const u8 = ctx.arg(0);
    // SAFETY: the tracepoint's argument is a BTF pointer.
    unsafe {
        let Some(state) = state::of(task) else {
            return 0;
        };
        let now = bpf_ktime_get_ns();
        sum::flush(state, task, now);
        send(
            task,
            TaskEventKind::Exited,
            now,
            [0, 0],
            0,
            core::ptr::null(),
        );
        // do_exit has taken this thread off `live` before the tracepoint (kernel/exit.c, v6.1 to v6.18).
        let signal: *const u8 = load(task, offset!(task_signal));
        if left_out() & narrow::PAUSED != 0 {
            // Nobody sees its last switch-out.
            state::forget(task);
        }
        if load::<i32>(signal, offset!(signal_live)) <= 0 {
            let _ = PROCESSES.remove(load::<u32>(task, offset!(task_tgid)));
        }
    }
    0
}

/// # Safety
/// `task` is a BTF pointer; `name` is kernel memory or null for the task's own name.
#[inline(always)]
unsafe fn send(
    task: *const u8,
    what: TaskEventKind,
    now: u64,
    other: [u32; 2],
    clone_flags: u32,
    name: *const u8,
) {
    let Some(mut entry) = ring::reserve::<TaskEvent>() else {
        return;
    };
    let event = entry.as_mut_ptr();
    // SAFETY: a record that is ours until it is submitted; all of it is written.
    unsafe {
        (*event).header = ring::header::<TaskEvent>(EventKind::Task, now);
        (*event).tid = load(task, offset!(task_pid));
        (*event).pid = load(task, offset!(task_tgid));
        (*event).other_tid = other[0];
        (*event).other_pid = other[1];
        (*event).what = what as u32;
        (*event).clone_flags = clone_flags;
        (*event).start_time = load(task, offset!(task_start_time));
        let comm = (&raw mut (*event).comm).cast::<[u64; 2]>();
        comm.write([0; 2]);
        if name.is_null() {
            bpf_probe_read_kernel(
                comm.cast(),
                COMM_BYTES as u32,
                task.add(offset!(task_comm) as usize).cast(),
            );
        } else {
            bpf_probe_read_kernel_str(comm.cast(), COMM_BYTES as u32, name.cast());
        }
    }
    ring::submit(entry);
}
