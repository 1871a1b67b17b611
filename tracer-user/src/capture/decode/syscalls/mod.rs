//! Turns call numbers into portable names.
//!
//! In: a number as the kernel gave it, and whose table it belongs to. Out: a [`Syscall`]. A number that is in no table is
//! [`Syscall::Other`]: labelled as what holdup does not tell apart, never given a wrong name. Pure.

mod aarch64;
mod i386;
mod x86_64;

use crate::row::Syscall;

/// A table of call numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// 64-bit programs on x86-64; x32 programs too, whose numbers carry a bit more.
    X86_64,
    /// 32-bit programs on x86-64.
    I386,
    /// aarch64.
    Aarch64,
}

impl Table {
    /// The table of this machine; `compat`: of its 32-bit programs. `None`: this machine (or its 32-bit mode) has none here.
    #[must_use]
    pub const fn of_this_machine(compat: bool) -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(if compat { Self::I386 } else { Self::X86_64 })
        } else if cfg!(target_arch = "aarch64") && !compat {
            Some(Self::Aarch64)
        } else {
            None
        }
    }

    /// The portable name of call `number`.
    #[must_use]
    pub fn call(self, number: i32) -> Syscall {
        if number < 0 {
            return if number == -1 {
                Syscall::None
            } else {
                Syscall::Unknown
            };
        }
        let rows = match self {
            Self::X86_64 => return x32(number).unwrap_or_else(|| find(x86_64::TABLE, number)),
            Self::I386 => i386::TABLE,
            Self::Aarch64 => aarch64::TABLE,
        };
        find(rows, number)
    }
}

/// The portable name of a call of a program on this machine. `number` -1 is user mode, other negative numbers are not known.
#[must_use]
pub fn call(number: i32, compat: bool) -> Syscall {
    match Table::of_this_machine(compat) {
        Some(table) => table.call(number),
        None if number == -1 => Syscall::None,
        None => Syscall::Unknown,
    }
}

/// The futex command behind call `number` and its `op` argument, without the bits that do not change what is done.
///
/// `futex_wake`, `futex_wait` and `futex_requeue` (Linux 6.7, the same numbers everywhere) have no operation argument; they
/// are given the command of `futex` that does the same.
#[must_use]
pub fn futex_command(number: i32, op: u32) -> u32 {
    /// `FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME` (`include/uapi/linux/futex.h`).
    const FLAGS: u32 = 128 | 256;
    match number {
        454 => 10,
        455 => 9,
        456 => 4,
        _ => op & !FLAGS,
    }
}

fn find(rows: &[(i32, Syscall)], number: i32) -> Syscall {
    rows.binary_search_by_key(&number, |row| row.0)
        .map_or(Syscall::Other, |at| rows[at].1)
}

/// x32 numbers: the x86-64 ones with a bit set, but for some calls from 512 on (`syscall_64.tbl`, Linux 6.12).
fn x32(number: i32) -> Option<Syscall> {
    const X32: i32 = 0x4000_0000;
    if number & X32 == 0 {
        return None;
    }
    let number = number & !X32;
    Some(match number {
        515 | 516 => [Syscall::Readv, Syscall::Writev][usize::from(number == 516)],
        517 => Syscall::Recvfrom,
        518 => Syscall::Sendmsg,
        519 => Syscall::Recvmsg,
        520 | 545 => Syscall::Exec,
        529 => Syscall::Wait,
        534 => Syscall::Preadv,
        535 => Syscall::Pwritev,
        537 => Syscall::Recvmmsg,
        538 => Syscall::Sendmmsg,
        _ => find(x86_64::TABLE, number),
    })
}

#[cfg(test)]
mod tests {
    use super::{Table, aarch64, call, futex_command, i386, x86_64};
    use crate::row::Syscall;

    #[test]
    fn tables_are_sorted_and_without_doubles() {
        for table in [x86_64::TABLE, i386::TABLE, aarch64::TABLE] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn known_numbers() {
        let check = |table: Table, number, expect| {
            assert_eq!(table.call(number), expect, "{table:?} {number}")
        };
        check(Table::X86_64, 0, Syscall::Read);
        check(Table::X86_64, 44, Syscall::Sendto);
        check(Table::X86_64, 73, Syscall::Flock);
        check(Table::X86_64, 162, Syscall::Sync);
        check(Table::X86_64, 202, Syscall::Futex);
        check(Table::X86_64, 219, Syscall::Restart);
        check(Table::X86_64, 230, Syscall::ClockNanosleep);
        check(Table::X86_64, 271, Syscall::Poll);
        check(Table::X86_64, 288, Syscall::Accept);
        check(Table::X86_64, 39, Syscall::Other);
        check(Table::X86_64, 0x4000_0000 + 517, Syscall::Recvfrom);
        check(Table::X86_64, 0x4000_0000 + 1, Syscall::Write);
        check(Table::I386, 162, Syscall::Nanosleep);
        check(Table::I386, 102, Syscall::Other);
        check(Table::I386, 142, Syscall::Select);
        check(Table::I386, 422, Syscall::Futex);
        check(Table::Aarch64, 63, Syscall::Read);
        check(Table::Aarch64, 98, Syscall::Futex);
        check(Table::Aarch64, 162, Syscall::Other);
        for table in [Table::X86_64, Table::I386, Table::Aarch64] {
            check(table, -1, Syscall::None);
            check(table, -2, Syscall::Unknown);
            check(table, i32::MAX, Syscall::Other);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_agrees_with_its_c_library() {
        for (number, expect) in [
            (libc::SYS_read, Syscall::Read),
            (libc::SYS_pwritev2, Syscall::Pwritev),
            (libc::SYS_fdatasync, Syscall::Fdatasync),
            (libc::SYS_futex, Syscall::Futex),
            (libc::SYS_futex_waitv, Syscall::FutexWaitv),
            (libc::SYS_epoll_pwait2, Syscall::EpollWait),
            (libc::SYS_flock, Syscall::Flock),
            (libc::SYS_renameat2, Syscall::Rename),
            (libc::SYS_clone3, Syscall::Clone),
            (libc::SYS_io_uring_enter, Syscall::IoUringEnter),
        ] {
            assert_eq!(call(i32::try_from(number).expect("small"), false), expect);
        }
    }

    #[test]
    fn futex_commands_lose_their_flags() {
        assert_eq!(futex_command(202, 128), 0);
        assert_eq!(futex_command(202, 9 | 128 | 256), 9);
        assert_eq!(futex_command(455, 0), 9);
        assert_eq!(futex_command(454, 0), 10);
    }
}
