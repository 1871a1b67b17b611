//! The kernel side of holdup: it fills the events of `tracer-common` and decides nothing.
//!
//! One file a duty; a file that fills an event has the name of the file in `tracer-common` that defines it. Every program
//! asks first whether the task at hand is ours: tracked tasks have a place in `SLOTS`, and nothing else is looked at.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod counter;
mod exchange;
mod maps;
mod memory;
mod registers;
mod ring;
mod syscalls;

mod state;
mod sum;

mod file;
mod resource;
mod socket;
mod stack;

mod call;
mod kernel;
mod message;
mod sample;
mod seed;
mod task;
mod wait;

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    // The verifier refuses a program that could get here, so nobody does.
    loop {}
}

// GPL-compatible, so that the helpers which read kernel memory may be used.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
