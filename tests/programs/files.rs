//! A file system of one file, in a mount namespace of its own: one thread answers what the kernel asks (include/uapi/linux/fuse.h,
//! protocol 7.31), and each read takes a while. The kernel keeps nothing of the file.

mod books;

use std::ffi::{CString, c_char, c_int, c_ulong, c_void};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use books::{Settings, scramble};

unsafe extern "C" {
    fn unshare(flags: c_int) -> c_int;
    fn mount(source: *const c_char, target: *const c_char, kind: *const c_char, flags: c_ulong, data: *const c_void) -> c_int;
}

const CLONE_NEWNS: c_int = 0x2_0000;
const MS_NOSUID_NODEV: c_ulong = 6;
const MS_REC_PRIVATE: c_ulong = 0x4_4000;

const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const OPEN: u32 = 14;
const READ: u32 = 15;
const RELEASE: u32 = 18;
const INIT: u32 = 26;
const INTERRUPT: u32 = 36;
const BATCH_FORGET: u32 = 42;

const ENOENT: i32 = 2;
const ENOSYS: i32 = 38;

/// Numbers of the folder and of the file in it.
const FOLDER: u64 = 1;
const ROWS: u64 = 2;
/// For so many seconds the kernel need not ask again where the file is.
const KEPT_S: u64 = 3600;
/// Room for any request: the largest write, and what stands before it.
const REQUEST: usize = 1 << 18;

/// Little-endian numbers one after the other.
#[derive(Default)]
struct Answer(Vec<u8>);

impl Answer {
    fn long(mut self, numbers: &[u64]) -> Self {
        numbers.iter().for_each(|number| self.0.extend(number.to_le_bytes()));
        self
    }

    fn short(mut self, numbers: &[u32]) -> Self {
        numbers.iter().for_each(|number| self.0.extend(number.to_le_bytes()));
        self
    }

    /// `struct fuse_attr`.
    fn attributes(self, node: u64, bytes: u64) -> Self {
        let (mode, links) = if node == FOLDER { (0o40755, 2) } else { (0o100644, 1) };
        self.long(&[node, bytes, bytes.div_ceil(512), 0, 0, 0])
            .short(&[0, 0, 0, mode, links, 0, 0, 0, 4096, 0])
    }
}

fn number(request: &[u8], at: usize, bytes: usize) -> u64 {
    let cell = &request[at..at + bytes];
    cell.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

struct Files {
    service_us: u64,
    rows: Vec<u8>,
    reads: u64,
}

impl Files {
    /// Up to a tenth more or less than the mean.
    fn read(&mut self, offset: usize, bytes: usize) -> Answer {
        let thousandths = 900 + scramble(self.reads) % 201;
        self.reads += 1;
        thread::sleep(Duration::from_micros(self.service_us * thousandths / 1000));
        let rest = self.rows.get(offset..).unwrap_or_default();
        Answer(rest[..bytes.min(rest.len())].to_vec())
    }

    /// What to say to a request; nothing, an error, or an answer.
    fn answer(&mut self, request: &[u8]) -> Option<Result<Answer, i32>> {
        let (code, node, body) = (number(request, 4, 4) as u32, number(request, 16, 8), &request[40..]);
        let bytes = self.rows.len() as u64;
        let answer = Answer::default();
        Some(match code {
            FORGET | BATCH_FORGET | INTERRUPT => return None,
            // No flags; writes of a page at most.
            INIT => Ok(answer.short(&[7, 31, 0, 0, 0, 4096, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
            LOOKUP if body.starts_with(b"rows\0") => {
                Ok(answer.long(&[ROWS, 0, KEPT_S, KEPT_S, 0]).attributes(ROWS, bytes))
            }
            LOOKUP => Err(ENOENT),
            GETATTR => Ok(answer.long(&[KEPT_S, 0]).attributes(node, bytes)),
            // FOPEN_DIRECT_IO: each read comes here.
            OPEN => Ok(answer.long(&[0]).short(&[1, 0])),
            READ => Ok(self.read(number(body, 8, 8) as usize, number(body, 16, 4) as usize)),
            RELEASE => Ok(answer),
            _ => Err(ENOSYS),
        })
    }
}

fn attach(device: &File, folder: &str) {
    let words = ["files", folder, "fuse", "/", &format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd())];
    let [name, folder, kind, root, options] = words.map(|word| CString::new(word).expect("a word"));
    // SAFETY: all strings live until the calls return.
    let done = unsafe {
        unshare(CLONE_NEWNS) == 0
            && mount(std::ptr::null(), root.as_ptr(), std::ptr::null(), MS_REC_PRIVATE, std::ptr::null()) == 0
            && mount(name.as_ptr(), folder.as_ptr(), kind.as_ptr(), MS_NOSUID_NODEV, options.as_ptr().cast()) == 0
    };
    assert!(done, "not mounted: {}", std::io::Error::last_os_error());
}

fn main() {
    let settings = Settings::read(&std::env::args().nth(1).expect("settings"));
    let folder = std::env::current_dir().expect("a folder").join("data/mount");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut device = OpenOptions::new().read(true).write(true).open("/dev/fuse").expect("/dev/fuse");
    attach(&device, folder.to_str().expect("a path"));
    let mut files = Files {
        service_us: settings.number("service_us"),
        rows: vec![b'x'; settings.number("reply_bytes") as usize],
        reads: 0,
    };
    println!("{}/rows", folder.display());
    let mut request = vec![0; REQUEST];
    while let Ok(length) = device.read(&mut request) {
        let Some(result) = files.answer(&request[..length]) else { continue };
        let (error, body) = match result {
            Ok(Answer(body)) => (0, body),
            Err(error) => (error, Vec::new()),
        };
        let head = Answer::default().short(&[16 + body.len() as u32, error.wrapping_neg() as u32]);
        let answer = [head.long(&[number(&request, 8, 8)]).0, body].concat();
        // Whoever asked may be gone.
        let _unless_gone = device.write(&answer);
    }
}
