//! Memory that is kept, where threads wait for the lock of their address space.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Keep memory and use it again, or use processes",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
def work(item):  # $CULPRIT
    with mmap(item.fd, item.size) as data:
        return transform(data)

with ThreadPoolExecutor($WORKERS) as pool:
    pool.map(work, items)
"#,
            after: r#"
# each process has a space of its own
with ProcessPoolExecutor($CPUS) as pool:
    pool.map(work, items)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
function work(item) { // $CULPRIT
  const buffer = Buffer.alloc(64 << 20);
  return transform(item, buffer);
}
"#,
            after: r#"
// once in each worker, and used again
const buffer = Buffer.alloc(64 << 20);

function work(item) {
  return transform(item, buffer);
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
var data = channel.map( // $CULPRIT
    READ_ONLY, position, size);
transform(data);
"#,
            after: r#"
// once for each thread, and used again
var data = ByteBuffer.allocateDirect(SIZE);

channel.read(data.clear(), position);
transform(data.flip());
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
data, err := unix.Mmap( // $CULPRIT
    fd, offset, size, prot, flags)
transform(data)
unix.Munmap(data)
"#,
            after: r#"
// once for each goroutine, and used again
data := make([]byte, size)

n, err := file.ReadAt(data, offset)
transform(data[:n])
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
let mut data = vec![0; SIZE]; // $CULPRIT
let n = file.read_at(&mut data, offset)?;
transform(&data[..n]);
"#,
            after: r#"
// once for each thread, and used again
let mut data = vec![0; SIZE];

let n = file.read_at(&mut data, offset)?;
transform(&data[..n]);
"#,
        },
        Code {
            language: Language::C,
            before: r#"
char *data = malloc(SIZE); // $CULPRIT
n = pread(file, data, SIZE, offset);
transform(data, n);
free(data); // gives the pages back
"#,
            after: r#"
// once for each thread, and used again
static _Thread_local char *data;
if (!data) data = malloc(SIZE);

n = pread(file, data, SIZE, offset);
transform(data, n);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let held = match input.culprit.service_ms {
        held if held > 0.0 => format!(", {} each time", millis(held)),
        _ => String::new(),
    };
    format!(
        "All threads of a process share {}, and mapping, unmapping, protecting and the page faults after it go through its one lock{held}. What is mapped \
         once and used again needs it no more (of malloc: a larger M_MMAP_THRESHOLD and M_TRIM_THRESHOLD), and each process has a lock of its own.",
        called(input.culprit),
    )
}
