//! Shows every eBPF program to this kernel's verifier and prints one line each; ends with 1 if one was refused.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use holdup::capture::probes::verifier::{Judgement, judge};

    let judged = match judge() {
        Ok(judged) => judged,
        Err(error) => {
            eprintln!("verify: {error}");
            return ExitCode::from(3);
        }
    };
    let mut refused = false;
    for (name, judgement) in &judged {
        match judgement {
            Judgement::Accepted { .. } => println!("taken {name}"),
            Judgement::NoTracepoint => println!("absent {name}"),
            Judgement::Refused(why) => {
                refused = true;
                println!("refused {name}");
                eprintln!("{name}: {why}");
            }
        }
    }
    ExitCode::from(u8::from(refused))
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("verify: eBPF programs are for Linux");
    ExitCode::from(3)
}
