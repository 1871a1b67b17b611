//! Threads that fetch from a server, compute, and write: under one mutex; or compute under a lock that they spin on and post; or each to a
//! file of its own, and then wait for all others.

mod books;
mod wire;

use std::fs::File;
use std::io::Write;
use std::sync::{Barrier, Mutex};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use books::{FETCH, Page, Settings, TRANSFORM, WRITE, now, scramble};
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

#[inline(never)]
fn acquire(busy: &AtomicBool) {
    while busy.swap(true, Ordering::Acquire) {
        while busy.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }
}

#[inline(never)]
fn sum_up(busy: &AtomicBool, block: &[u8], settings: &Settings) {
    acquire(busy);
    std::hint::black_box(compute(block, settings.number("spun_rounds")));
    busy.store(false, Ordering::Release);
}

#[inline(never)]
fn finish_round(file: &mut File, block: &[u8], round: &Barrier, page: &Page) {
    file.write_all(block).expect("a file");
    page.enter(FETCH, 1);
    std::hint::black_box(round.wait().is_leader());
}

/// Computes until a time has passed, which is looked at now and then.
#[inline(never)]
fn compute_for(time_us: u64, rows: &[u8]) {
    let end = now() + 1000 * time_us;
    while now() < end {
        std::hint::black_box(compute(rows, 2_000));
    }
}

/// What all threads have in common.
struct Shared {
    log: Mutex<File>,
    busy: AtomicBool,
    round: Barrier,
}

fn work(worker: usize, settings: &Settings, shared: &Shared) {
    let page = Page::open("books", worker);
    let mut peer = Peer::connect(settings.word("input"));
    let block = vec![worker as u8; settings.number("bytes") as usize];
    let spins = settings.number("spun_rounds") > 0;
    let mut sink = spins.then(|| Peer::connect(settings.word("output")));
    let meets = settings.number("rounds_together") > 0;
    let mut own = meets.then(|| File::create(format!("data/out-{worker}")).expect("a file"));
    // One has more to do than the others.
    let is_slow = worker > 0 && worker as u64 + 1 == settings.number("workers");
    let more_us = if is_slow { settings.number("slow_us") } else { 0 };
    thread::sleep(Duration::from_micros(settings.number("stagger_us") * worker as u64));
    page.enter(FETCH, 0);
    loop {
        let Ok(rows) = peer.ask("GET", "/rows", b"") else { return };
        page.enter(TRANSFORM, 0);
        std::hint::black_box(compute(&rows, settings.number("rounds")));
        compute_for(more_us, &rows);
        if let Some(own) = &mut own {
            page.enter(WRITE, 0);
            finish_round(own, &block, &shared.round, &page);
            continue;
        }
        if let Some(sink) = &mut sink {
            sum_up(&shared.busy, &block, settings);
            page.enter(WRITE, 0);
            let Ok(_) = sink.ask("POST", "/rows", &block) else { return };
        } else {
            page.enter(WRITE, 0);
            append_block(&shared.log, &block, settings);
        }
        page.enter(FETCH, 1);
    }
}

fn main() {
    let settings = Settings::read("settings");
    let shared = Shared {
        log: Mutex::new(File::create("data/out").expect("a file")),
        busy: AtomicBool::new(false),
        round: Barrier::new(settings.number("workers") as usize),
    };
    thread::scope(|scope| {
        for worker in 0..settings.number("workers") as usize {
            let (settings, shared) = (&settings, &shared);
            scope.spawn(move || work(worker, settings, shared));
        }
    });
}
