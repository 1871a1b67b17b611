//! A second Ctrl-C.

use std::path::PathBuf;

/// The shell's code for a program that SIGINT ended: 128 + 2.
const INTERRUPTED: i32 = 130;

/// From now on Ctrl-C ends the program at once, and takes the spool with it. While the window was open the first one closed it.
pub fn quit_at_once(spool: Option<PathBuf>) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        else {
            return;
        };
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            if let Some(folder) = spool {
                let _ = std::fs::remove_dir_all(folder);
            }
            std::process::exit(INTERRUPTED);
        }
    });
}
