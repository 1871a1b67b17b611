//! The language a process is written in, so that a fix can be shown in it.
//!
//! In: the program's path, the libraries it has mapped, marks in its ELF file. Out: a [`Language`], or `None` where the
//! program is an interpreter holdup has no advice for, or cannot be read. [`decide`] is pure; [`of`] gathers the facts.

use std::fs::File;
use std::path::Path;

use object::read::{ReadCache, ReadRef};
use object::{Object, ObjectSection};

use crate::capture::mappings;
use crate::row::Pid;

/// A language that advice is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python under CPython or PyPy.
    Python,
    /// JavaScript or TypeScript under Node, Bun or Deno.
    TypeScript,
    /// Any language that runs on a Java virtual machine.
    Java,
    /// Go, from its own compiler.
    Go,
    /// Rust, from rustc.
    Rust,
    /// C or C++, and any other native program.
    C,
}

impl Language {
    /// The name that `row::Target::language` holds.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::TypeScript => "typescript",
            Self::Java => "java",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::C => "c",
        }
    }
}

/// What compilers leave in a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The file is an ELF file that could be read.
    pub elf: bool,
    /// Go's linker made the file.
    pub go: bool,
    /// The file holds code that rustc compiled.
    pub rust: bool,
}

/// Languages of interpreters by the program's file name; a `*` stands for any rest. `None`: there is no advice in that language.
const PROGRAMS: &[(&str, Option<Language>)] = &[
    ("python*", Some(Language::Python)),
    ("pypy*", Some(Language::Python)),
    ("node", Some(Language::TypeScript)),
    ("nodejs", Some(Language::TypeScript)),
    ("bun", Some(Language::TypeScript)),
    ("deno", Some(Language::TypeScript)),
    ("electron", Some(Language::TypeScript)),
    ("java", Some(Language::Java)),
    ("ruby*", None),
    ("php*", None),
    ("perl*", None),
    ("lua*", None),
    ("beam.smp", None),
    ("dotnet", None),
    ("bash", None),
    ("dash", None),
    ("sh", None),
    ("zsh", None),
];

/// Libraries by the start of their file name, for programs that carry an interpreter inside (uWSGI, a JNI launcher).
const LIBRARIES: &[(&str, Option<Language>)] = &[
    ("libjvm.so", Some(Language::Java)),
    ("libpython", Some(Language::Python)),
    ("libnode.so", Some(Language::TypeScript)),
    ("libcoreclr.so", None),
    ("libruby", None),
];

/// Decides by the program's name, then by its libraries, then by the marks in its file.
#[must_use]
pub fn decide(exe: &str, libraries: &[&str], marks: Marks) -> Option<Language> {
    let name = file_name(exe);
    let known = PROGRAMS
        .iter()
        .find(|(pattern, _)| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        });
    let carried = || {
        LIBRARIES.iter().find(|(start, _)| {
            libraries
                .iter()
                .any(|path| file_name(path).starts_with(start))
        })
    };
    if let Some((_, language)) = known.or_else(carried) {
        return *language;
    }
    match marks {
        Marks { go: true, .. } => Some(Language::Go),
        Marks { rust: true, .. } => Some(Language::Rust),
        Marks { elf: true, .. } => Some(Language::C),
        Marks { .. } => None,
    }
}

/// The language of a running process.
#[must_use]
pub fn of(pid: Pid) -> Option<Language> {
    let exe = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let mappings = mappings::read(pid).unwrap_or_default();
    let paths = mappings.iter().map(|mapping| mapping.path.as_str());
    let mut libraries: Vec<&str> = paths.filter(|path| path.starts_with('/')).collect();
    libraries.dedup();
    // Through /proc the file opens even where it was deleted or lies in another mount namespace.
    let marks = marks(Path::new(&format!("/proc/{pid}/exe")));
    decide(&exe.to_string_lossy(), &libraries, marks)
}

/// Most bytes of a section that are searched, since the strings looked for are spread over all read-only data.
const SEARCHED_BYTES: u64 = 32 << 20;

/// Looks for the marks of compilers in a file.
#[must_use]
pub fn marks(path: &Path) -> Marks {
    let Ok(file) = File::open(path) else {
        return Marks::default();
    };
    let cache = ReadCache::new(file);
    let Ok(elf) = object::File::parse(&cache) else {
        return Marks::default();
    };
    let has = |name: &str| elf.section_by_name(name).is_some();
    Marks {
        elf: true,
        go: has(".go.buildinfo") || has(".gopclntab") || has(".note.go.buildid"),
        rust: contains(&elf, ".comment", b"rustc version")
            || contains(&elf, ".rodata", b"library/std/src/"),
    }
}

/// Whether a section holds these bytes. A stripped Rust program has no `.comment`, but the paths of its panics.
fn contains<'data, R: ReadRef<'data>>(
    elf: &object::File<'data, R>,
    section: &str,
    bytes: &[u8],
) -> bool {
    let Some(section) = elf.section_by_name(section) else {
        return false;
    };
    let data = section.data_range(section.address(), section.size().min(SEARCHED_BYTES));
    matches!(data, Ok(Some(data)) if memchr::memmem::find(data, bytes).is_some())
}

/// The part of a path behind its last slash, without what the kernel adds to the path of a deleted program.
fn file_name(path: &str) -> &str {
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::{Language, Marks, decide, marks, of};
    use crate::row::Pid;

    #[test]
    fn decisions() {
        const NONE: Marks = Marks {
            elf: false,
            go: false,
            rust: false,
        };
        const ELF: Marks = Marks { elf: true, ..NONE };
        const RUST: Marks = Marks { rust: true, ..ELF };
        const GO: Marks = Marks { go: true, ..ELF };
        let check = |exe: &str, libraries: &[&str], marks: Marks, expect: &str| {
            assert_eq!(
                decide(exe, libraries, marks).map_or("", Language::name),
                expect,
                "{exe}"
            );
        };
        check(
            "/usr/bin/python3.11",
            &["/usr/lib/libpython3.11.so"],
            ELF,
            "python",
        );
        check(
            "/opt/uwsgi",
            &["/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0"],
            ELF,
            "python",
        );
        check("/usr/bin/node", &[], ELF, "typescript");
        check("/srv/nodewatch", &[], GO, "go");
        check("/opt/deno/bin/deno", &[], RUST, "typescript");
        check(
            "/srv/launcher",
            &["/usr/lib/jvm/17/lib/server/libjvm.so"],
            ELF,
            "java",
        );
        check("/srv/app (deleted)", &[], RUST, "rust");
        check("/srv/app", &["/usr/lib/libstdc++.so.6"], ELF, "c");
        check("/usr/bin/ruby3.1", &[], ELF, "");
        check("/srv/gone", &[], NONE, "");
    }

    #[test]
    fn marks_of_real_files() {
        let own = marks(&std::env::current_exe().unwrap());
        assert_eq!(
            own,
            Marks {
                elf: true,
                go: false,
                rust: true
            }
        );
        assert_eq!(
            marks(Path::new("/bin/ls")),
            Marks {
                elf: true,
                go: false,
                rust: false
            }
        );
        assert_eq!(marks(Path::new("/etc/passwd")), Marks::default());
        assert_eq!(marks(Path::new("/no/such/file")), Marks::default());
    }

    /// Starts a program that waits for its standard input, and asks for its language. Programs that this host lacks are
    /// named and passed over, unless `HOLDUP_REQUIRE_LIVE=1`: then they fail.
    fn check(program: &str, arguments: &[&str], expect: Language) {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            let required =
                std::env::var_os("HOLDUP_REQUIRE_LIVE").is_some_and(|value| value == "1");
            assert!(
                !required,
                "HOLDUP_REQUIRE_LIVE=1, and {program} is not on this host"
            );
            eprintln!("NOT RUN: {program} is not on this host");
            return;
        };
        // Shims and launchers exec the real program some moments later.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let mut seen = of(Pid(child.id()));
        while seen != Some(expect) && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(20));
            seen = of(Pid(child.id()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen, Some(expect), "{program}");
    }

    #[test]
    fn python() {
        check("/usr/bin/python3", &["-c", "input()"], Language::Python);
    }

    #[test]
    fn node() {
        check(
            "node",
            &["-e", "process.stdin.resume()"],
            Language::TypeScript,
        );
    }

    #[test]
    fn native() {
        check("/bin/cat", &[], Language::C);
    }

    #[test]
    fn java() {
        check("jshell", &[], Language::Java);
    }
}
