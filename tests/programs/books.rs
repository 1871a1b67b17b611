//! Settings, and the books a worker keeps of its own work (layout: `holdup::demo::GroundTruth`), with nothing but std.
#![allow(dead_code)]

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering, fence};

unsafe extern "C" {
    fn mmap(addr: *mut u8, length: usize, prot: i32, flags: i32, fd: i32, offset: i64) -> *mut u8;
    fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32;
    fn alarm(seconds: u32) -> u32;
}

pub struct Settings(HashMap<String, String>);

impl Settings {
    /// Reads lines of a name and a value, and has the process end in time.
    pub fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(path).expect("settings");
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        let settings = Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        );
        // SAFETY: no arguments that could be wrong.
        unsafe { alarm(settings.number("seconds") as u32) };
        settings
    }

    pub fn number(&self, name: &str) -> u64 {
        self.0
            .get(name)
            .map_or(0, |value| value.parse().expect("a number"))
    }

    pub fn word(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

pub fn now() -> u64 {
    let mut time = [0; 2];
    // SAFETY: a timespec is two 64-bit numbers here; 1 is CLOCK_MONOTONIC.
    unsafe { clock_gettime(1, &mut time) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

/// Numbers that look random.
pub fn scramble(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub const FETCH: u64 = 1;
pub const TRANSFORM: u64 = 2;
pub const WRITE: u64 = 3;

/// One worker's page of the books: 16 numbers.
pub struct Page(&'static [AtomicU64; 16]);

impl Page {
    pub fn open(path: &str, worker: usize) -> Self {
        let file: File = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .expect("books");
        let length = file.metadata().expect("books").len() as usize;
        assert!((worker + 2) * 128 <= length, "no page for worker {worker}");
        // SAFETY: a shared mapping of the whole file that is never unmapped; the page lies inside it, as just checked.
        let page = unsafe {
            let base = mmap(std::ptr::null_mut(), length, 3, 1, file.as_raw_fd(), 0);
            assert!(base as isize != -1, "mmap");
            &*base.add((worker + 1) * 128).cast::<[AtomicU64; 16]>()
        };
        Self(page)
    }

    /// Ends the stage under way with `items` items done, and begins `stage`.
    pub fn enter(&self, stage: u64, items: u64) {
        let add = |cell: usize, more: u64| {
            self.0[cell].store(
                self.0[cell].load(Ordering::Relaxed) + more,
                Ordering::Relaxed,
            )
        };
        add(0, 1);
        fence(Ordering::Release);
        let now = now();
        let left = self.0[1].load(Ordering::Relaxed) as usize;
        add(4 + left, now - self.0[2].load(Ordering::Relaxed));
        add(3, items);
        self.0[1].store(stage, Ordering::Relaxed);
        self.0[2].store(now, Ordering::Relaxed);
        fence(Ordering::Release);
        add(0, 1);
    }
}
