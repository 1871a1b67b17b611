//! A file for each worker, where they wait for the kernel's lock of one.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Give each worker a file of its own, and write in large pieces",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
out = open("out.log", "ab")  # $CULPRIT
def work(item):
    out.write(transform(item))
"#,
            after: r#"
out = open(f"out-{worker}.log", "ab", 1 << 20)
def work(item):  # in large pieces
    out.write(transform(item))
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
await fs.appendFile("out.log", line);
"#,
            after: r#"
const out = fs.createWriteStream(
  `out-${worker}.log`, { highWaterMark: 1 << 20 });

out.write(line); // in large pieces
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
channel.write(ByteBuffer.wrap(line));
"#,
            after: r#"
var file = new FileOutputStream("out-" + worker);
var out = new BufferedOutputStream(file, 1 << 20);

out.write(line); // in large pieces
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
file.Write(line)
"#,
            after: r#"
file, err := os.Create(
    fmt.Sprintf("out-%d.log", worker))
out := bufio.NewWriterSize(file, 1<<20)

out.Write(line) // in large pieces
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
file.write_all(&line)?;
"#,
            after: r#"
let file = File::create(own_name(worker))?;
let mut out =
    BufWriter::with_capacity(1 << 20, file);

out.write_all(&line)?; // in large pieces
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
write(file, line, n);
"#,
            after: r#"
FILE *out = fopen(own_name(worker), "w");
setvbuf(out, NULL, _IOFBF, 1 << 20);

fwrite(line, 1, n, out); // in large pieces
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "The kernel lets one at a time write to {}, whoever it is; {} workers with a file each do not meet, and a buffer makes one turn of \
         many.",
        called(input.culprit),
        input.workers
    )
}
