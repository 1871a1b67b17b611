//! Reads lines of one length from its standard input; each takes a while.

mod books;

use std::io::Read;
use std::thread;
use std::time::Duration;

use books::{Settings, scramble};

fn main() {
    let settings = Settings::read(&std::env::args().nth(1).expect("settings"));
    let service_us = settings.number("service_us");
    let mut line = vec![0; settings.number("bytes") as usize];
    let mut lines = std::io::stdin().lock();
    println!("standard input");
    for number in 0.. {
        if lines.read_exact(&mut line).is_err() {
            return;
        }
        // Up to a tenth more or less than the mean.
        let thousandths = 900 + scramble(number) % 201;
        thread::sleep(Duration::from_micros(service_us * thousandths / 1000));
    }
}
