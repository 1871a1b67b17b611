//! Functions of the kernel in which a thread waits for a lock without letting go of its CPU.
//!
//! In: a program counter of the kernel. Out: whether it lies in one of them, by the kernel's own list of its symbols, which is read as the
//! first one comes. Where addresses are hidden (`kernel.kptr_restrict`) none does.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;

/// They spin for a mutex, a semaphore of readers and writers, or a spin lock (kernel/locking, v6.1 to v6.18). The slow paths of
/// semaphores hold what the compiler takes into them.
const FUNCTIONS: [&str; 10] = [
    "osq_lock",
    "mutex_spin_on_owner",
    "mutex_optimistic_spin",
    "rwsem_spin_on_owner",
    "rwsem_optimistic_spin",
    "rwsem_down_read_slowpath",
    "rwsem_down_write_slowpath",
    "native_queued_spin_lock_slowpath",
    "__pv_queued_spin_lock_slowpath",
    "queued_write_lock_slowpath",
];
/// The upper half of all addresses is the kernel's.
const FIRST: u64 = 1 << 63;

/// Where they lie.
#[derive(Debug, Default)]
pub(super) struct KernelSpins {
    ranges: Option<Vec<Range<u64>>>,
}

impl KernelSpins {
    /// Whether a thread of the kernel's program counter `counter` waits so; 0: it runs in user mode.
    pub(super) fn is_in_one(&mut self, counter: u64) -> bool {
        if counter < FIRST {
            return false;
        }
        let ranges = self.ranges.get_or_insert_with(|| {
            let list = File::open("/proc/kallsyms").map(BufReader::new);
            list.map(find).unwrap_or_default()
        });
        ranges.iter().any(|range| range.contains(&counter))
    }
}

/// The ranges of the functions in a list as `/proc/kallsyms` has it, in order of addresses: `address kind name`.
fn find(list: impl BufRead) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    let mut open: Option<u64> = None;
    for line in list.split(b'\n').map_while(Result::ok) {
        let mut words = line.split(|byte| *byte == b' ');
        let Some(address) = words.next().and_then(hexadecimal) else {
            continue;
        };
        if let Some(start) = open.filter(|start| address > *start) {
            found.push(start..address);
            open = None;
        }
        // `T name.constprop.0`; what follows a tab is the module.
        let name = words.nth(1).unwrap_or_default();
        let end = name.iter().position(|byte| matches!(byte, b'.' | b'\t'));
        let base = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
        if address >= FIRST && FUNCTIONS.iter().any(|one| one.as_bytes() == base) {
            open.get_or_insert(address);
        }
    }
    found
}

fn hexadecimal(word: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81100000 t rwsem_spin_on_owner
ffffffff81100000 t rwsem_alias
ffffffff81100080 T down_read
ffffffff81100100 t rwsem_down_write_slowpath.constprop.0
ffffffff81100400 t osq_lock_not
nonsense
ffffffffc0000000 t osq_lock\t[module]
ffffffffc0000040 t last\t[module]
";

    #[test]
    fn a_counter_in_one_of_them_waits() {
        let mut spins = KernelSpins {
            ranges: Some(find(LIST)),
        };
        for (counter, waits) in [
            (0xffff_ffff_8110_0000, true),
            (0xffff_ffff_8110_007f, true),
            (0xffff_ffff_8110_0080, false),
            (0xffff_ffff_8110_0234, true),
            (0xffff_ffff_8110_0404, false),
            (0xffff_ffff_c000_0010, true),
            (0xffff_ffff_c000_0040, false),
            (0x5555_5555_0000, false),
            (0, false),
        ] {
            assert_eq!(spins.is_in_one(counter), waits, "{counter:x}");
        }
    }

    /// With addresses that are hidden, and of a list that is none.
    #[test]
    fn nothing_is_found_where_nothing_is_told() {
        let hidden = b"0000000000000000 T osq_lock\n0000000000000000 T down_read\n";
        assert_eq!(find(&hidden[..]), []);
        assert_eq!(find(&b"\xff\xfe\n\n  \n"[..]), []);
    }
}
