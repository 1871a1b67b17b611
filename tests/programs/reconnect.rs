//! Threads that fetch from a server, each time on a connection of its own, compute, and append to a file of their own.

mod books;
mod wire;

use std::fs::File;
use std::io::Write;
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

fn work(worker: usize, settings: &Settings) {
    let page = Page::open("books", worker);
    let mut out = File::create(format!("data/out-{worker}")).expect("a file");
    thread::sleep(Duration::from_micros(settings.number("stagger_us") * worker as u64));
    page.enter(FETCH, 0);
    loop {
        let mut peer = Peer::connect(settings.word("input"));
        let Ok(rows) = peer.ask("GET", "/rows", b"") else { return };
        drop(peer);
        page.enter(TRANSFORM, 0);
        let sum = compute(&rows, settings.number("rounds"));
        page.enter(WRITE, 0);
        out.write_all(&sum.to_le_bytes()).expect("a file");
        page.enter(FETCH, 1);
    }
}

fn main() {
    let settings = Settings::read("settings");
    thread::scope(|scope| {
        for worker in 0..settings.number("workers") as usize {
            let settings = &settings;
            scope.spawn(move || work(worker, settings));
        }
    });
}
