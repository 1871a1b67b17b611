//! A loop of the cheapest system call.

use super::{Load, system};

/// Parameters.
#[derive(clap::Args)]
pub struct Arguments {
    /// Bind the thread to this CPU.
    #[arg(long)]
    pin: Option<usize>,
    /// Write a byte to /dev/null each time instead of asking for the parent: a call that is recorded, and never blocks.
    #[arg(long)]
    write: bool,
}

/// The loop.
pub struct Calls {
    null: Option<std::fs::File>,
}

impl Calls {
    /// Prepares it.
    pub fn new(arguments: &Arguments) -> Self {
        if let Some(cpu) = arguments.pin {
            system::pin(cpu);
        }
        let null = arguments.write.then(|| {
            let file = std::fs::OpenOptions::new().write(true).open("/dev/null");
            file.unwrap_or_else(|error| {
                eprintln!("load: /dev/null: {error}");
                std::process::exit(1)
            })
        });
        Self { null }
    }
}

impl Load for Calls {
    fn run(&mut self, operations: u64) -> u64 {
        use std::io::Write as _;
        for _ in 0..operations {
            match &mut self.null {
                Some(null) => drop(null.write(b"x")),
                // SAFETY: a call without arguments.
                None => drop(unsafe { libc::syscall(libc::SYS_getppid) }),
            }
        }
        operations
    }
}
