//! A page that points into the project points at something that is there.

use super::{Fault, File};

/// Checks the relative links of every markdown page.
pub fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (index, line) in file.text.lines().enumerate() {
            for target in targets(line) {
                let path = resolve(&file.path, target);
                let folder = format!("{}/", path.trim_end_matches('/'));
                if !files
                    .iter()
                    .any(|other| other.path == path || other.path.starts_with(&folder))
                {
                    let what = format!("the link to `{target}` leads nowhere");
                    faults.push(Fault {
                        path: file.path.clone(),
                        line: index + 1,
                        what,
                    });
                }
            }
        }
    }
    faults
}

/// Targets of links within the project, without their anchors.
fn targets(line: &str) -> Vec<&str> {
    let links = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let inside = links.filter(|link| !link.contains("://") && !link.starts_with("mailto:"));
    inside
        .map(|link| link.split('#').next().unwrap_or(link))
        .filter(|link| !link.is_empty())
        .collect()
}

fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let page = "See [this](../a/b.rs), [that](c.md#part), [the folder](../a/), [out](https://example.org/x), [top](#x).\n";
        let files = [("docs/page.md", page), ("a/b.rs", ""), ("docs/c.md", "")];
        assert_eq!(faults(check, &files), Vec::<String>::new());
        assert_eq!(
            faults(check, &files[..2]),
            ["docs/page.md:1: the link to `c.md` leads nowhere"]
        );
    }
}
