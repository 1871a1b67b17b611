//! Reads what `/proc` shows of fds, sockets and mappings at this moment.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt as _;

use super::net::Sockets;
use super::tcp_diag::{Connection, connections};
use super::unix_diag::UnixDiag;
use crate::capture::mappings::{self, Mapping};
use crate::row::{Nanos, Pid};

/// What an fd names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenFile {
    /// `major << 20 | minor`.
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) mode: u32,
    pub(super) path: String,
}

/// A futex word in memory that processes share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SharedWord {
    /// `major << 20 | minor`.
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Offset in the file.
    pub(super) offset: u64,
    /// Path of the file, empty when it has none.
    pub(super) path: String,
}

/// Asks the system; a test answers from a list.
pub(super) trait Look {
    /// What fd `fd` of process `pid` names now.
    fn fd(&mut self, pid: Pid, fd: i32) -> Option<OpenFile>;
    /// Device and inode of what lies at `path`, as process `pid` sees it.
    fn at(&mut self, pid: Pid, path: &str) -> Option<(u64, u64)>;
    /// The folder that relative paths of process `pid` begin in.
    fn working_folder(&mut self, pid: Pid) -> Option<String>;
    /// The shared futex word at `address` of process `pid`; `None` when the memory is the process's own, or hidden.
    fn shared_word(&mut self, pid: Pid, address: u64, at: Nanos) -> Option<SharedWord>;
    /// The sockets of the network namespace that process `pid` is in.
    fn sockets(&mut self, pid: Pid) -> Option<Sockets>;
    /// All processes.
    fn processes(&mut self) -> Vec<Pid>;
    /// Network namespace of process `pid` (0: not to be seen) and the sockets it has open.
    fn sockets_of(&mut self, pid: Pid) -> (u64, Vec<u64>);
    /// Name of process `pid`, empty: it is gone.
    fn name(&mut self, pid: Pid) -> String;
    /// Ports that the system picks for a socket that connects.
    fn ephemeral_ports(&mut self) -> RangeInclusive<u16>;
    /// The TCP connections of the network namespace that process `pid` is in.
    fn connections(&mut self, pid: Pid) -> Vec<Connection>;
    /// Inode of the other end of Unix socket `inode` of network namespace `namespace`; 0: none, or not to be seen.
    fn unix_peer(&mut self, inode: u64, namespace: u64) -> u64;
}

/// Age from which the mappings of a process are read again.
const MAPS_AGE: Nanos = Nanos::SECOND;
/// Most processes whose mappings are kept.
const MAPS_KEPT: usize = 256;

/// Answers from this machine's `/proc`.
#[derive(Default)]
pub(super) struct Proc {
    ephemeral: Option<RangeInclusive<u16>>,
    /// Whom to ask about Unix sockets, and the namespace it answers for.
    unix: Option<(Option<UnixDiag>, u64)>,
    maps: HashMap<Pid, (Nanos, Vec<Mapping>)>,
}

impl Look for Proc {
    fn fd(&mut self, pid: Pid, fd: i32) -> Option<OpenFile> {
        if fd < 0 {
            return None;
        }
        let link = format!("/proc/{pid}/fd/{fd}");
        let path = fs::read_link(&link)
            .ok()?
            .into_os_string()
            .to_string_lossy()
            .into_owned();
        let meta = fs::metadata(&link).ok()?;
        Some(OpenFile {
            device: kernel_device(meta.dev()),
            inode: meta.ino(),
            mode: meta.mode(),
            path,
        })
    }

    fn at(&mut self, pid: Pid, path: &str) -> Option<(u64, u64)> {
        let meta = fs::symlink_metadata(format!("/proc/{pid}/root{path}")).ok()?;
        Some((kernel_device(meta.dev()), meta.ino()))
    }

    fn working_folder(&mut self, pid: Pid) -> Option<String> {
        let path = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        Some(path.into_os_string().to_string_lossy().into_owned())
    }

    fn shared_word(&mut self, pid: Pid, address: u64, at: Nanos) -> Option<SharedWord> {
        let fresh = self
            .maps
            .get(&pid)
            .is_some_and(|(read, _)| at.since(*read) < MAPS_AGE);
        if !fresh {
            if self.maps.len() >= MAPS_KEPT {
                self.maps.clear();
            }
            self.maps.insert(pid, (at, mappings::read(pid)?));
        }
        let (_, mappings) = self.maps.get(&pid)?;
        let mapping = mappings
            .iter()
            .find(|mapping| mapping.range.contains(&address))?;
        mapping.shared.then(|| SharedWord {
            device: mapping.device,
            inode: mapping.inode,
            offset: mapping.offset + (address - mapping.range.start),
            path: mapping.path.clone(),
        })
    }

    fn sockets(&mut self, pid: Pid) -> Option<Sockets> {
        let table = |name: &str| read_table(&format!("/proc/{pid}/net/{name}"));
        // A host without IPv6 has no tcp6; without tcp there is no network to speak of, or the process is gone.
        let tcp = table("tcp").ok()?;
        Some(Sockets::parse(
            &tcp,
            &table("tcp6").unwrap_or_default(),
            &table("unix").unwrap_or_default(),
        ))
    }

    fn connections(&mut self, pid: Pid) -> Vec<Connection> {
        connections(pid)
    }

    fn processes(&mut self) -> Vec<Pid> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid))
            .collect()
    }

    fn sockets_of(&mut self, pid: Pid) -> (u64, Vec<u64>) {
        let namespace = fs::metadata(format!("/proc/{pid}/ns/net")).map_or(0, |meta| meta.ino());
        let fds = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten();
        let sockets = fds.filter_map(|fd| {
            let target = fs::read_link(fd.path()).ok()?;
            target
                .to_str()?
                .strip_prefix("socket:[")?
                .strip_suffix(']')?
                .parse()
                .ok()
        });
        (namespace, sockets.collect())
    }

    fn name(&mut self, pid: Pid) -> String {
        let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
        String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(&name)).into_owned()
    }

    fn ephemeral_ports(&mut self) -> RangeInclusive<u16> {
        self.ephemeral
            .get_or_insert_with(|| {
                let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
                    .unwrap_or_default();
                let mut ends = text
                    .split_ascii_whitespace()
                    .filter_map(|end| end.parse().ok());
                // The kernel's own default (net/ipv4/af_inet.c, Linux 6.18).
                ends.next().unwrap_or(32_768)..=ends.next().unwrap_or(60_999)
            })
            .clone()
    }

    fn unix_peer(&mut self, inode: u64, namespace: u64) -> u64 {
        let (diag, own) = self.unix.get_or_insert_with(|| {
            (
                UnixDiag::open().ok(),
                fs::metadata("/proc/self/ns/net").map_or(0, |meta| meta.ino()),
            )
        });
        diag.as_ref()
            .filter(|_| *own == namespace)
            .map_or(0, |diag| diag.peer(inode))
    }
}

/// A table of sockets whole, without the last read, which would find nothing more: to find that out the kernel walks its hash
/// table of connections once again (`tcp_seq_start`, net/ipv4/tcp_ipv4.c), which is most of the work on an idle host.
fn read_table(path: &str) -> std::io::Result<Vec<u8>> {
    /// A read ends at the last line that fits into a page (`seq_read_iter`, fs/seq_file.c); none is this long.
    const LONGEST_LINE: usize = 512;
    const LEAST_PAGE: usize = 4096;
    let mut file = fs::File::open(path)?;
    let mut bytes = Vec::new();
    let mut page = [0; 2 * LEAST_PAGE];
    loop {
        let read = file.read(&mut page)?;
        bytes.extend_from_slice(&page[..read]);
        if read < LEAST_PAGE - LONGEST_LINE {
            return Ok(bytes);
        }
    }
}

/// `st_dev` as the kernel numbers devices inside (`MKDEV`, `include/linux/kdev_t.h`): `major << 20 | minor`.
fn kernel_device(device: u64) -> u64 {
    u64::from(libc::major(device)) << 20 | u64::from(libc::minor(device))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    use super::{Look as _, Proc, kernel_device};
    use crate::row::{Nanos, Pid};

    #[test]
    fn an_open_file_of_this_process() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"x").expect("written");
        let own = Pid(std::process::id());
        let found = Proc::default().fd(own, file.as_raw_fd()).expect("open");
        assert_eq!(std::path::Path::new(&found.path), file.path());
        assert_eq!(found.mode & 0o170_000, 0o100_000);
        assert_eq!(Proc::default().fd(own, -1), None);
        assert_eq!(Proc::default().fd(own, 1 << 20), None);
    }

    #[test]
    fn devices_as_the_kernel_numbers_them() {
        assert_eq!(kernel_device(libc::makedev(8, 1)), 8 << 20 | 1);
        assert_eq!(
            kernel_device(libc::makedev(259, 70_000)),
            259 << 20 | 70_000
        );
    }

    #[test]
    fn a_table_longer_than_a_page_is_read_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections: Vec<_> = (0..100)
            .map(|_| TcpStream::connect(address).expect("connected"))
            .collect();
        let sockets = Proc::default()
            .sockets(Pid(std::process::id()))
            .expect("a table");
        for connection in &connections {
            let local = connection.local_addr().expect("an address");
            assert!(sockets.peer(address, local).is_some(), "{local}");
        }
    }

    #[test]
    fn a_word_of_ones_own_is_not_shared() {
        let word = 5u32;
        let address = std::ptr::from_ref(&word) as u64;
        assert_eq!(
            Proc::default().shared_word(Pid(std::process::id()), address, Nanos(1)),
            None
        );
    }
}
