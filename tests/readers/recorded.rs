//! The kept traces, their views and their reports.

use std::path::{Path, PathBuf};

use holdup::analyse::{Options, analyse};
use holdup::report::{Format as _, Json, Look};
use holdup::trace::Reader;
use serde_json::Value;

/// A recording, by its name.
pub struct Recorded {
    pub path: PathBuf,
    reader: Reader,
}

impl Recorded {
    /// That of the demo, else that of the case, which is called `name`.
    pub fn named(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the project")
            .to_owned();
        let folders = ["tracer-user/demo", "tests/traces"];
        let paths = folders.map(|folder| root.join(folder).join(format!("{name}.holdup")));
        let path = paths.into_iter().find(|path| path.is_dir());
        Self::at(path.unwrap_or_else(|| panic!("there is no recording called {name}")))
    }

    pub fn at(path: PathBuf) -> Self {
        let reader =
            Reader::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, reader }
    }

    pub fn source(&self) -> &Reader {
        &self.reader
    }

    /// What `holdup sql-views` prints.
    pub fn views(&self, schema: &str) -> String {
        let mut out = Vec::new();
        self.reader
            .write_views(schema, &mut out)
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        String::from_utf8(out).expect("text")
    }

    /// What `holdup report --format json` prints.
    pub fn report(&self) -> Value {
        let analysis = analyse(&self.reader, &Options::default());
        let report = analysis
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
            .report;
        serde_json::from_str(&Json.print(&report, &Look::default())).expect("JSON")
    }
}

/// Both are the same within one percent.
#[track_caller]
pub fn same(what: &str, found: f64, expected: f64) {
    let off = (found - expected).abs();
    assert!(
        off <= 0.01 * expected.abs() + 1e-9,
        "{what}: {found} instead of {expected}"
    );
}

/// The number at a path of a report.
#[track_caller]
pub fn number(report: &Value, path: &str) -> f64 {
    let value = report.pointer(path);
    value
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("no number at {path}"))
}
