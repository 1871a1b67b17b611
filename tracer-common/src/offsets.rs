//! Where the kernel's structs keep what the probes read: found by user space in the running kernel's BTF, given to the kernel
//! side as one read-only global before it is loaded.

/// An offset that this kernel has not; only members named optional may be absent.
pub const ABSENT: u32 = u32::MAX;

/// One member that the probes read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The struct it is looked up in.
    pub outer: &'static str,
    /// Path of member names from there, joined by dots; anonymous structs and unions in between are not named.
    pub path: &'static str,
    /// Without it holdup works, only with less.
    pub optional: bool,
    /// It is a single bit, and its offset is in bits.
    pub is_bit: bool,
}

macro_rules! offsets {
    ($($(#[$doc:meta])* $field:ident = $outer:literal . $path:literal $(($optional:ident))?,)*) => {
        /// Offsets of kernel struct members, in bytes; of a single bit in bits.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Offsets {
            $($(#[$doc])* pub $field: u32,)*
        }

        impl Offsets {
            /// All members, in the order of the fields.
            pub const MEMBERS: &'static [Member] = &[
                $(Member {
                    outer: $outer,
                    path: $path,
                    optional: offsets!(@optional $($optional)?),
                    is_bit: offsets!(@bit $($optional)?),
                },)*
            ];

            /// No offset known.
            pub const NONE: Self = Self { $($field: ABSENT,)* };

            /// From offsets in the order of [`Self::MEMBERS`]; those that are missing at the end stay absent.
            #[must_use]
            pub fn from_values(values: &[u32]) -> Self {
                let mut offsets = Self::NONE;
                let mut values = values.iter().copied();
                $(offsets.$field = values.next().unwrap_or(ABSENT);)*
                offsets
            }
        }
    };
    (@optional) => { false };
    (@optional optional) => { true };
    (@optional bit) => { true };
    (@bit) => { false };
    (@bit optional) => { false };
    (@bit bit) => { true };
}

offsets! {
    /// 32-bit calls are told by `TS_COMPAT` in it.
    task_status = "task_struct"."thread_info.status" (optional),
    /// Run state: `__state` since 5.14.
    task_state = "task_struct"."__state",
    /// Running on a CPU now.
    task_on_cpu = "task_struct"."on_cpu",
    /// `PF_*`.
    task_flags = "task_struct"."flags",
    /// Address space.
    task_mm = "task_struct"."mm",
    /// It is held up by memory (kernel/sched/psi.c, where the kernel accounts for pressure).
    task_in_memory_stall = "task_struct"."in_memstall" (bit),
    /// Lock of an address space.
    mm_lock = "mm_struct"."mmap_lock" (optional),
    /// Not 0: dead.
    task_exit_state = "task_struct"."exit_state",
    /// Thread.
    task_pid = "task_struct"."pid",
    /// Process.
    task_tgid = "task_struct"."tgid",
    /// Birth, ns of `CLOCK_MONOTONIC`.
    task_start_time = "task_struct"."start_time",
    /// Name.
    task_comm = "task_struct"."comm",
    /// Open files.
    task_files = "task_struct"."files",
    /// What threads of a process share.
    task_signal = "task_struct"."signal",
    /// Threads that are not yet exiting.
    signal_live = "signal_struct"."live.counter",
    /// Table of open files.
    files_fdt = "files_struct"."fdt",
    /// Its length.
    fdt_max_fds = "fdtable"."max_fds",
    /// Its entries.
    fdt_fd = "fdtable"."fd",
    /// Inode of an open file.
    file_inode = "file"."f_inode",
    /// For a socket its `struct socket`.
    file_private_data = "file"."private_data",
    /// Directory entry it was opened by.
    file_dentry = "file"."f_path.dentry",
    /// Last component of its path.
    dentry_name = "dentry"."d_name.name",
    /// Type and rights.
    inode_mode = "inode"."i_mode",
    /// Number.
    inode_ino = "inode"."i_ino",
    /// Told apart from an earlier inode of the same number.
    inode_generation = "inode"."i_generation",
    /// File system.
    inode_sb = "inode"."i_sb",
    /// Device.
    sb_dev = "super_block"."s_dev",
    /// Sort of file system.
    sb_magic = "super_block"."s_magic",
    /// The protocol's part of a socket.
    socket_sk = "socket"."sk",
    /// `SOCK_STREAM` and so on.
    socket_type = "socket"."type",
    /// The file it is seen through.
    socket_file = "socket"."file",
    /// Back from the protocol's part to the socket.
    sock_socket = "sock"."sk_socket",
    /// `AF_INET` and so on.
    sock_family = "sock"."__sk_common.skc_family",
    /// TCP state.
    sock_state = "sock"."__sk_common.skc_state",
    /// Local port, host order.
    sock_num = "sock"."__sk_common.skc_num",
    /// Remote port, network order.
    sock_dport = "sock"."__sk_common.skc_dport",
    /// Local IPv4 address.
    sock_rcv_saddr = "sock"."__sk_common.skc_rcv_saddr",
    /// Remote IPv4 address.
    sock_daddr = "sock"."__sk_common.skc_daddr",
    /// Local IPv6 address.
    sock_v6_rcv_saddr = "sock"."__sk_common.skc_v6_rcv_saddr" (optional),
    /// Remote IPv6 address.
    sock_v6_daddr = "sock"."__sk_common.skc_v6_daddr" (optional),
    /// Network namespace.
    sock_net = "sock"."__sk_common.skc_net.net" (optional),
    /// Its inode number.
    net_inum = "net"."ns.inum",
    /// When data last came in by TCP, jiffies.
    tcp_received = "inet_connection_sock"."icsk_ack.lrcvtime" (optional),
    /// The other end of a Unix socket.
    unix_peer = "unix_sock"."peer" (optional),
    /// A journal's device.
    journal_dev = "journal_s"."j_dev" (optional),
    /// Number of that device.
    bdev_dev = "block_device"."bd_dev" (optional),
    /// Number of a journal's transaction.
    transaction_tid = "transaction_s"."t_tid" (optional),
}
