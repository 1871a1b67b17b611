//! Threads that append 4 KiB to a file of their own and sync it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::Load;
use super::crew::Crew;

/// A file starts anew at this size: the disk is not to fill up.
const LARGEST: u64 = 8 << 20;

/// Parameters.
#[derive(clap::Args)]
pub struct Arguments {
    /// Threads.
    #[arg(long, default_value_t = 4)]
    threads: u32,
    /// Folder for the files.
    #[arg(long)]
    folder: PathBuf,
}

/// The threads.
pub struct Append(Crew);

impl Append {
    /// Starts them.
    pub fn new(arguments: &Arguments) -> io::Result<Self> {
        let threads = arguments.threads.max(1);
        let files: io::Result<Vec<File>> = (0..threads)
            .map(|index| File::create(arguments.folder.join(format!("{index}.log"))))
            .collect();
        let files = files?;
        let mut ready = Vec::new();
        for file in &files {
            ready.push(file.try_clone()?);
        }
        let ready = std::cell::RefCell::new(ready);
        Ok(Self(Crew::new(threads, |_| {
            let file = ready.borrow_mut().pop();
            let mut size = 0;
            move |appends| {
                for _ in 0..appends {
                    let Some(file) = &file else { return };
                    if let Err(error) = append(file, &mut size) {
                        eprintln!("load: {error}");
                        std::process::exit(1);
                    }
                }
            }
        })))
    }
}

fn append(mut file: &File, size: &mut u64) -> io::Result<()> {
    use std::io::Seek as _;
    let block = [b'x'; 4096];
    if *size >= LARGEST {
        file.set_len(0)?;
        file.seek(io::SeekFrom::Start(0))?;
        *size = 0;
    }
    file.write_all(&block)?;
    *size += block.len() as u64;
    file.sync_data()
}

impl Load for Append {
    fn run(&mut self, operations: u64) -> u64 {
        self.0.run(operations)
    }
}
