//! Threads that fetch from a server, compute, and write under one mutex.

mod books;
mod wire;

use std::fs::File;
use std::io::Write;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use books::{FETCH, Page, Settings, TRANSFORM, WRITE, scramble};
use wire::Peer;

#[inline(never)]
fn compute(rows: &[u8], rounds: u64) -> u64 {
    let mut sum = rows.len() as u64;
    for round in 0..rounds {
        sum = std::hint::black_box(scramble(sum ^ round));
    }
    sum
}

#[inline(never)]
fn append_block(log: &Mutex<File>, block: &[u8], settings: &Settings) {
    let mut log = log.lock().expect("the log");
    let sum = compute(block, settings.number("held_rounds"));
    log.write_all(&sum.to_le_bytes()).expect("a file");
    log.write_all(block).expect("a file");
    thread::sleep(Duration::from_micros(settings.number("held_us")));
}

fn work(worker: usize, settings: &Settings, log: &Mutex<File>) {
    let page = Page::open("books", worker);
    let mut peer = Peer::connect(settings.word("input"));
    let block = vec![worker as u8; settings.number("bytes") as usize];
    thread::sleep(Duration::from_micros(settings.number("stagger_us") * worker as u64));
    page.enter(FETCH, 0);
    loop {
        let Ok(rows) = peer.ask("GET", "/rows", b"") else { return };
        page.enter(TRANSFORM, 0);
        std::hint::black_box(compute(&rows, settings.number("rounds")));
        page.enter(WRITE, 0);
        append_block(log, &block, settings);
        page.enter(FETCH, 1);
    }
}

fn main() {
    let settings = Settings::read("settings");
    let log = Mutex::new(File::create("data/out").expect("a file"));
    thread::scope(|scope| {
        for worker in 0..settings.number("workers") as usize {
            let (settings, log) = (&settings, &log);
            scope.spawn(move || work(worker, settings, log));
        }
    });
}
