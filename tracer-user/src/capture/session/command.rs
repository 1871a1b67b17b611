//! Starts the command of `holdup run`: as the user who called sudo, held back until the probes are attached, and ended when holdup
//! ends.

use std::ffi::{CString, OsString};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use crate::capture::CaptureError;
use crate::row::Pid;

/// A command that waits before its exec until it is released. When this is dropped before, the command never runs.
pub struct HeldCommand {
    /// The process that will execute the command.
    pub pid: Pid,
    program: String,
    gate: Option<std::io::PipeWriter>,
    outcome: Receiver<std::io::Result<ExitStatus>>,
}

/// The user that the command runs as.
struct User {
    uid: libc::uid_t,
    gid: libc::gid_t,
    groups: Vec<libc::gid_t>,
    name: OsString,
    home: OsString,
}

impl HeldCommand {
    /// Forks the command and holds it back before its exec.
    ///
    /// # Errors
    /// [`CaptureError::Start`].
    pub fn start(argv: &[OsString]) -> Result<Self, CaptureError> {
        let program = argv
            .first()
            .map(|program| program.to_string_lossy().into_owned());
        let program = program.unwrap_or_default();
        let failed = |source| CaptureError::Start {
            command: program.clone(),
            source,
        };
        let (mut pid_end, pid_start) = std::io::pipe().map_err(failed)?;
        let (gate_end, gate) = std::io::pipe().map_err(failed)?;
        let mut command = Command::new(argv.first().cloned().unwrap_or_default());
        command.args(argv.get(1..).unwrap_or_default());
        let user = User::behind_sudo();
        if let Some(user) = &user {
            command.env("HOME", &user.home);
            command.env("USER", &user.name).env("LOGNAME", &user.name);
        }
        let fds = [
            pid_start.as_raw_fd(),
            gate_end.as_raw_fd(),
            gate.as_raw_fd(),
        ];
        let parent = std::process::id();
        // SAFETY: between fork and exec only system calls are made, on descriptors that the forked process has.
        unsafe { command.pre_exec(move || hold_back(fds, user.as_ref(), parent)) };
        let (sender, outcome) = channel();
        // The thread that forks must outlive the command, whose end the kernel ties to it; and `spawn` returns only after
        // the exec.
        std::thread::spawn(move || {
            let started = command.spawn();
            drop((pid_start, gate_end));
            let _ = sender.send(started.and_then(|mut child| child.wait()));
        });
        let mut bytes = [0; 4];
        if pid_end.read_exact(&mut bytes).is_err() {
            let source = match outcome.recv() {
                Ok(Err(source)) => source,
                _ => std::io::Error::other("it ended before it began"),
            };
            return Err(failed(source));
        }
        Ok(Self {
            pid: Pid(u32::from_ne_bytes(bytes)),
            program,
            gate: Some(gate),
            outcome,
        })
    }

    /// Lets the command execute.
    pub fn release(&mut self) {
        if let Some(mut gate) = self.gate.take() {
            let _ = gate.write_all(&[1]);
        }
    }

    /// How the command ended; `None` while it runs.
    ///
    /// # Errors
    /// [`CaptureError::Start`] when the program could not be executed.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, CaptureError> {
        match self.outcome.try_recv() {
            Ok(Ok(status)) => Ok(Some(status)),
            Ok(Err(source)) => Err(CaptureError::Start {
                command: self.program.clone(),
                source,
            }),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Ok(None),
        }
    }
}

/// Runs in the forked process: writes its pid, becomes the user, asks to be ended with the parent, and waits for the release.
fn hold_back(fds: [RawFd; 3], user: Option<&User>, parent: u32) -> std::io::Result<()> {
    let [pid, gate, gate_writer] = fds;
    let check = |result: libc::c_int| match result {
        -1 => Err(std::io::Error::last_os_error()),
        _ => Ok(()),
    };
    let own = std::process::id().to_ne_bytes();
    let mut byte = 0_u8;
    // SAFETY: system calls on descriptors and buffers of this process.
    unsafe {
        libc::close(gate_writer);
        if libc::write(pid, own.as_ptr().cast(), own.len()) != 4 {
            return Err(std::io::Error::last_os_error());
        }
        libc::close(pid);
        if let Some(user) = user {
            check(libc::setgroups(user.groups.len(), user.groups.as_ptr()))?;
            check(libc::setgid(user.gid))?;
            check(libc::setuid(user.uid))?;
        }
        // This comes after the change of user, which would undo it.
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM))?;
        if libc::getppid().cast_unsigned() != parent {
            libc::_exit(1);
        }
        // End of file means that holdup gave up.
        if libc::read(gate, (&raw mut byte).cast(), 1) != 1 {
            libc::_exit(1);
        }
    }
    Ok(())
}

impl User {
    /// The user who called sudo, if that is how holdup became root.
    fn behind_sudo() -> Option<Self> {
        // SAFETY: no arguments, cannot fail.
        if unsafe { libc::geteuid() } != 0 {
            return None;
        }
        let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
        let (uid, gid) = (number("SUDO_UID")?, number("SUDO_GID")?);
        let name = std::env::var_os("SUDO_USER")?;
        if uid == 0 {
            return None;
        }
        let home = home_of(uid).unwrap_or_else(|| "/".into());
        let groups = groups_of(&name, gid);
        Some(Self {
            uid,
            gid,
            groups,
            name,
            home,
        })
    }
}

fn home_of(uid: u32) -> Option<OsString> {
    // Field 3 is the uid, field 6 the home (passwd(5)).
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let found = fields.get(2)?.parse::<u32>().ok()? == uid;
        found.then(|| fields.get(5).map(OsString::from)).flatten()
    })
}

fn groups_of(name: &OsString, gid: libc::gid_t) -> Vec<libc::gid_t> {
    let mut groups = vec![gid; 256];
    let mut count = 256;
    let Ok(name) = CString::new(name.as_bytes()) else {
        return vec![gid];
    };
    // SAFETY: `groups` has room for `count` entries, and the library says how many it wrote.
    let found =
        unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count) };
    let count = usize::try_from(count).unwrap_or(1);
    groups.truncate(if found < 0 { 1 } else { count.max(1) });
    groups
}

#[cfg(test)]
mod tests {
    use super::HeldCommand;

    #[test]
    fn it_runs_only_when_let_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = folder.path().join("mark");
        let argv = ["touch".into(), mark.clone().into_os_string()];
        let mut held = HeldCommand::start(&argv).expect("started");
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!mark.exists(), "it did not wait");
        held.release();
        let status = held.outcome.recv().expect("an outcome").expect("executed");
        assert!(status.success() && mark.exists());
    }

    #[test]
    fn given_up_it_never_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = folder.path().join("mark");
        let mut held =
            HeldCommand::start(&["touch".into(), mark.clone().into_os_string()]).expect("started");
        held.gate = None;
        let outcome = held.outcome.recv().expect("an outcome");
        assert!(outcome.is_err() || !outcome.is_ok_and(|status| status.success()));
        assert!(!mark.exists());
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let mut held = HeldCommand::start(&["/no/such/program".into()]).expect("forked");
        held.release();
        assert!(held.outcome.recv().expect("an outcome").is_err());
    }
}
