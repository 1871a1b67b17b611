//! Whose a frame is: the program's own, or a library's.

use crate::row::Frame;

/// Folders in which Go and Python keep what others wrote: the module cache, vendored packages, Debian's packages of Go; the standard
/// library and the packages of Python.
const LIBRARIES: &[&str] = &[
    "/pkg/mod/",
    "/vendor/",
    "/gocode/src/",
    "/lib/python3",
    "/site-packages/",
    "/dist-packages/",
];

/// The frames of a stack whose functions the user wrote, innermost first.
pub fn users(frames: &[Frame]) -> impl Iterator<Item = &Frame> {
    let standard = standard(frames);
    frames
        .iter()
        .filter(move |frame| is_users(frame, standard.as_deref()))
}

/// Folder of Go's standard library, by the file of a function that every goroutine waits in; empty where paths are cut to what lies
/// in it (`-trimpath`).
fn standard(frames: &[Frame]) -> Option<String> {
    const PARKS: &str = "runtime/proc.go";
    let mut folders = frames
        .iter()
        .filter_map(|frame| frame.file.strip_suffix(PARKS));
    folders.next().map(str::to_owned)
}

fn is_users(frame: &Frame, standard: Option<&str>) -> bool {
    if frame.symbol.is_empty() {
        return false;
    }
    let in_library = LIBRARIES.iter().any(|folder| frame.file.contains(folder));
    if frame.module.is_empty() {
        // Python: modules that are frozen into the interpreter have no path.
        return !in_library && !frame.file.starts_with('<') && !frame.file.is_empty();
    }
    let package = package(&frame.symbol);
    let is_standard = match standard {
        Some("") | None => is_in_package(&frame.file, package),
        Some(folder) => frame.file.starts_with(folder),
    };
    // Go: a version in the path is a module's (`-trimpath`).
    !in_library && !frame.file.contains("@v") && (package == "main" || !is_standard)
}

/// A file that lies where its package would in the tree of Go's sources; functions of `sync` that the runtime has lie there.
fn is_in_package(file: &str, package: &str) -> bool {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder == package || folder == "runtime" || folder.ends_with(&format!("/src/{package}"))
}

/// `net/http` of `net/http.(*Transport).getConn`.
fn package(symbol: &str) -> &str {
    let path = symbol.rfind('/').map_or(0, |at| at + 1);
    let end = symbol[path..]
        .find('.')
        .map_or(symbol.len(), |at| path + at);
    &symbol[..end]
}

/// A frame in a sentence: `main.flush (main.go:42)`.
#[must_use]
pub fn name(frame: &Frame) -> String {
    let file = frame.file.rsplit('/').next().unwrap_or_default();
    match (file, frame.line) {
        ("", _) => frame.symbol.clone(),
        (file, 0) => format!("{} ({file})", frame.symbol),
        (file, line) => format!("{} ({file}:{line})", frame.symbol),
    }
}
