//! The map is the territory: ARCHITECTURE.md names the modules of `lib.rs` in the order they stand there.

use super::imports::modules;
use super::{Fault, File};

const MAP: &str = "ARCHITECTURE.md";

/// Checks the table of modules against `lib.rs`.
pub fn check(files: &[File]) -> Vec<Fault> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    };
    let Some(lib) = text("tracer-user/src/lib.rs") else {
        return Vec::new();
    };
    let declared = modules(lib);
    let listed = listed(text(MAP).unwrap_or_default());
    if listed == declared {
        return Vec::new();
    }
    let what = format!(
        "lists the modules {}; lib.rs has {}",
        listed.join(", "),
        declared.join(", ")
    );
    vec![Fault {
        path: MAP.to_owned(),
        line: 0,
        what,
    }]
}

/// First cells of the table whose head is `| module |`.
fn listed(map: &str) -> Vec<&str> {
    let table = map
        .lines()
        .skip_while(|line| !line.starts_with("| module |"))
        .skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('`').nth(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    const LIB: (&str, &str) = ("tracer-user/src/lib.rs", "pub mod row;\npub mod work;\n");

    #[test]
    fn the_map_has_every_module_in_its_place() {
        let map = "| folder |\n|---|\n| `x` |\n\n| module | in |\n|---|---|\n| `row` | `a` |\n| `work` | b |\n\n| `no` |\n";
        assert_eq!(
            faults(check, &[LIB, ("ARCHITECTURE.md", map)]),
            Vec::<String>::new()
        );
        let turned = map
            .replace("`row`", "`r`")
            .replace("`work`", "`row`")
            .replace("`r`", "`work`");
        assert_eq!(
            faults(check, &[LIB, ("ARCHITECTURE.md", &turned)]),
            ["ARCHITECTURE.md: lists the modules work, row; lib.rs has row, work"]
        );
        assert_eq!(
            faults(check, &[LIB]),
            ["ARCHITECTURE.md: lists the modules ; lib.rs has row, work"]
        );
    }
}
