//! One name on all sides: the event of `tracer-common/src/wait.rs` is filled in `tracer-ebpf/src/wait.rs`, and a file of
//! the kernel side that fills an event is called as the event's file is.

use super::{Fault, File};

const COMMON: &str = "tracer-common/src/";
const KERNEL: &str = "tracer-ebpf/src/";

/// Checks that a kernel-side file which fills an event has the name of the file that declares it.
pub fn check(files: &[File]) -> Vec<Fault> {
    let kernel: Vec<&File> = files
        .iter()
        .filter(|file| file.path.starts_with(KERNEL))
        .collect();
    let mut faults = Vec::new();
    for declaring in files.iter().filter(|file| file.path.starts_with(COMMON)) {
        let name = &declaring.path[COMMON.len()..];
        for event in events(&declaring.text) {
            let fills: Vec<&&File> = kernel
                .iter()
                .filter(|file| builds(&file.text, event))
                .collect();
            let wanted = [
                name.to_owned(),
                format!("{}/", name.trim_end_matches(".rs")),
            ];
            let at_home = |file: &&&File| {
                let path = &file.path[KERNEL.len()..];
                path == wanted[0] || path.starts_with(&wanted[1])
            };
            if !fills.is_empty() && !fills.iter().any(at_home) {
                let what = format!(
                    "fills `{event}`, which {} declares: give both files one name",
                    declaring.path
                );
                faults.push(Fault {
                    path: fills[0].path.clone(),
                    line: 0,
                    what,
                });
            }
        }
    }
    faults
}

/// Names of the structs declared that end in `Event`.
fn events(text: &str) -> Vec<&str> {
    let structs = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub struct "));
    let names = structs.filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
    names.filter(|name| name.ends_with("Event")).collect()
}

/// Whether the text mentions the type outside a comment.
fn builds(text: &str, event: &str) -> bool {
    let code = text
        .lines()
        .filter_map(|line| line.split("//").next())
        .filter(|line| !line.trim_start().starts_with("use "));
    code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        .any(|word| word == event)
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    const WAIT: (&str, &str) = (
        "tracer-common/src/wait.rs",
        "#[repr(C)]\npub struct WaitEvent {\n}\n",
    );

    #[test]
    fn the_kernel_side_uses_the_names_of_the_events() {
        let fill = "let event = WaitEvent { off: 1 };\n";
        assert_eq!(
            faults(check, &[WAIT, ("tracer-ebpf/src/wait.rs", fill)]),
            Vec::<String>::new()
        );
        assert_eq!(
            faults(check, &[WAIT, ("tracer-ebpf/src/wait/emit.rs", fill)]),
            Vec::<String>::new()
        );
        assert_eq!(
            faults(
                check,
                &[WAIT, ("tracer-ebpf/src/ring.rs", "// a WaitEvent\n")]
            ),
            Vec::<String>::new()
        );
        assert_eq!(
            faults(check, &[WAIT, ("tracer-ebpf/src/sleep.rs", fill)]),
            [
                "tracer-ebpf/src/sleep.rs: fills `WaitEvent`, which tracer-common/src/wait.rs declares: give both files one name"
            ]
        );
    }
}
