//! Files met for the first time.

use aya_ebpf::helpers::generated::{
    bpf_get_current_pid_tgid, bpf_ktime_get_ns, bpf_probe_read_kernel_str,
};
use tracer_common::{EventKind, FileEvent, NAME_BYTES, RawResource};

use crate::{maps::DESCRIBED, memory::probe, offset, ring};

/// Sends a [`FileEvent`] unless that was done for this identity.
#[inline(always)]
pub fn describe(open: *const u8, resource: RawResource, mode: u32, magic: u64) {
    let key = [resource.a, resource.b];
    if DESCRIBED.get_ptr(key).is_some() {
        return;
    }
    let Some(mut entry) = ring::reserve::<FileEvent>() else {
        return;
    };
    let event = entry.as_mut_ptr();
    // SAFETY: a record that is ours until it is submitted; all of it is written.
    unsafe {
        (*event).header = ring::header::<FileEvent>(EventKind::File, bpf_ktime_get_ns());
        (*event).resource = resource;
        (*event).pid = (bpf_get_current_pid_tgid() >> 32) as u32;
        (*event).mode = mode;
        (*event).magic = magic;
        let name = (&raw mut (*event).name).cast::<u64>();
        let mut i = 0;
        while i < NAME_BYTES / 8 {
            name.add(i).write_volatile(0);
            i += 1;
        }
        let dentry: *const u8 = probe(open, offset!(file_dentry));
        let text: *const u8 = probe(dentry, offset!(dentry_name));
        bpf_probe_read_kernel_str(name.cast(), NAME_BYTES as u32, text.cast());
    }
    ring::submit(entry);
    let _ = DESCRIBED.insert(key, 1u64, 0);
}
