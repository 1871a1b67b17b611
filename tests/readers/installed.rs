//! The programs that read, as `cargo xtask setup --readers` installs them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The packages that the tests are written for.
const WANTED: &str = include_str!("requirements.txt");

/// Where they are.
pub fn folder() -> PathBuf {
    let inside = Path::new(env!("CARGO_TARGET_TMPDIR"));
    inside.parent().unwrap_or(inside).join("readers")
}

/// What forbids a test here that needs a program beside those that are installed, in one line.
pub fn obstacle(needs: Option<&str>) -> Option<String> {
    let list = folder().join("requirements.txt");
    match std::fs::read_to_string(&list) {
        Ok(found) if found == WANTED => {}
        Ok(_) => {
            return Some(
                "other versions are installed: run `cargo xtask setup --readers`".to_owned(),
            );
        }
        Err(_) => return Some("not installed: run `cargo xtask setup --readers`".to_owned()),
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let lacking = needs.filter(|program| !is_there(program))?;
    Some(format!("{lacking} is not installed"))
}

/// A program of theirs.
pub fn program(name: &str) -> PathBuf {
    folder().join("python/bin").join(name)
}

/// What a script of Python beside these tests makes of `input`.
pub fn python(script: &str, input: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("readers")
        .join(script);
    let mut command = Command::new(program("python"));
    said(command.arg(script), &input.to_string())
}

/// What a program answers to a text.
pub fn answer(command: &mut Command, input: &str) -> String {
    let told = format!("{command:?}");
    let output = told_to(command, input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{told}: {}: {errors}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

/// What it says when it refuses the text.
pub fn refusal(command: &mut Command, input: &str) -> String {
    let output = told_to(command, input);
    assert!(!output.status.success(), "{command:?} takes {input}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn told_to(command: &mut Command, input: &str) -> Output {
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    // One that has heard enough closes its end; its answer says why.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it does not panic");
    output
}

/// The same where the answer is JSON.
pub fn said(command: &mut Command, input: &str) -> Value {
    let answer = answer(command, input);
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
