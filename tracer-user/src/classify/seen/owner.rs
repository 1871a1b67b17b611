//! Whose a frame is: the program's own, or a library's.

use crate::row::Frame;

/// Folders in which Go, Python and Node keep what others wrote: the module cache, vendored packages, Debian's packages of Go; the
/// standard library and the packages of Python; the packages of Node.
const LIBRARIES: &[&str] = &[
    "/pkg/mod/",
    "/vendor/",
    "/gocode/src/",
    "/lib/python3",
    "/site-packages/",
    "/dist-packages/",
    "/node_modules/",
];

/// What the paths of Node's own scripts begin with.
const OF_NODE: &str = "node:";

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
        // Modules that are frozen into Python's interpreter have no path.
        let is_built_in = frame.file.starts_with('<') || frame.file.starts_with(OF_NODE);
        return !in_library && !is_built_in && !frame.file.is_empty();
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
