//! A link between two network namespaces that carries only so many bits a second.
//!
//! The script makes both, says the process that keeps the far one, and takes everything with it when it ends: a namespace goes with the
//! last process that is in it.

use std::process::Command;

/// The address of the far end.
pub const FAR: &str = "10.64.0.2";

/// Arguments: bits a second, and after how many seconds it ends. What does not fit into a queue of 0.2 s is dropped (`tc-tbf`).
const MAKE: &str = r#"
set -e
ip link set lo up
unshare --net sleep "$1" &
far=$!
while [ "$(readlink /proc/self/ns/net)" = "$(readlink /proc/$far/ns/net)" ]; do sleep 0.01; done
ip link add near type veth peer name far netns $far
ip addr add 10.64.0.1/30 dev near
ip link set near up
nsenter --net=/proc/$far/ns/net sh -c 'ip link set lo up; ip addr add 10.64.0.2/30 dev far; ip link set far up'
tc qdisc add dev near root tbf rate "$0"bit burst 64kb latency 200ms
echo $far
wait
"#;

/// A process that makes such a link, and says on a line the process in whose namespace the far end is; its own has the near one.
#[must_use]
pub fn command(bits_per_s: u64, seconds: u64) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--net", "sh", "-c", MAKE])
        .args([bits_per_s.to_string(), seconds.to_string()]);
    command
}
