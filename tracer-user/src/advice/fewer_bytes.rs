//! Fewer bytes, where the way to a peer is what the workers share.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Send fewer bytes, or go a wider way",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
session.post(url, data=body)
"#,
            after: r#"
session.post(
    url,
    data=gzip.compress(body, 1),
    headers={"Content-Encoding": "gzip"},
)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
await fetch(url, { method: "POST", body });
"#,
            after: r#"
await fetch(url, {
  method: "POST",
  body: await gzip(body, { level: 1 }),
  headers: { "content-encoding": "gzip" },
});
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
request.POST(ofByteArray(body));
"#,
            after: r#"
var packed = new ByteArrayOutputStream();
try (var out = new GZIPOutputStream(packed)) {
    out.write(body);
}
request.header("Content-Encoding", "gzip")
    .POST(ofByteArray(packed.toByteArray()));
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
request.Body = io.NopCloser(body)
"#,
            after: r#"
var packed bytes.Buffer
out := gzip.NewWriter(&packed)
io.Copy(out, body)
out.Close()
request.Body = io.NopCloser(&packed)
request.Header.Set("Content-Encoding", "gzip")
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
client.post(url).body(body).send()?;
"#,
            after: r#"
let mut out = GzEncoder::new(vec![], fast());
out.write_all(&body)?;
client
    .post(url)
    .header("content-encoding", "gzip")
    .body(out.finish()?)
    .send()?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
send(peer, body, length, 0);
"#,
            after: r#"
uLongf packed = compressBound(length);
compress2(out, &packed, body, length, 1);
send(peer, out, packed, 0);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let peer = called(input.culprit);
    format!(
        "The way to {peer} carries only so many bytes a second, and all workers share it: more of them get less each. Compress what is sent, \
         leave out columns that nobody reads, or let the two be nearer to each other; where a limit of the network or of a proxy is what \
         makes it narrow, that can be raised. Fewer workers are as fast."
    )
}
