//! The languages there is code for.

/// A language a fix is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Python 3.
    Python,
    /// TypeScript, and JavaScript with the types left out.
    TypeScript,
    /// Java.
    Java,
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// C, and what a programmer of C++ or Zig reads.
    C,
    /// SQL, where it is the statements of a database that are to be changed, whatever sends them.
    Sql,
}

impl Language {
    /// Those that programs are written in, in the order the code stands in each remedy.
    pub const ALL: [Self; 6] = [
        Self::Python,
        Self::TypeScript,
        Self::Java,
        Self::Go,
        Self::Rust,
        Self::C,
    ];

    /// The language nearest to a target's: its own; TypeScript for what runs on Node, Java for what runs on the JVM, C
    /// for C++ and Zig; Python, which reads as pseudocode, where nothing is known.
    #[must_use]
    pub fn nearest(id: &str) -> Self {
        match id.to_ascii_lowercase().as_str() {
            "typescript" | "javascript" | "node" | "deno" | "bun" => Self::TypeScript,
            "java" | "kotlin" | "scala" | "clojure" | "jvm" => Self::Java,
            "go" => Self::Go,
            "rust" => Self::Rust,
            "c" | "c++" | "cpp" | "zig" => Self::C,
            _ => Self::Python,
        }
    }

    /// Its id in the contract.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::TypeScript => "typescript",
            Self::Java => "java",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::C => "c",
            Self::Sql => "sql",
        }
    }
}
