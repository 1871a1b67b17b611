//! Connections that are kept, and a listener with room for those that come.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Keep connections open between items, and let the listener's queue hold more",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# a connection each: $CULPRIT
for item in items:
    requests.get(url(item))
"#,
            after: r#"
session = requests.Session()  # per worker
for item in items:
    session.get(url(item))

# where the server listens:
# server.listen(1024)
# sysctl net.core.somaxconn=4096
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// a connection each: $CULPRIT
const agent = new http.Agent({
  keepAlive: false,
});
"#,
            after: r#"
const agent = new http.Agent({
  keepAlive: true,
  maxSockets: $WORKERS,
});
// where the server listens:
// server.listen({ port, backlog: 1024 })
// sysctl net.core.somaxconn=4096
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// a connection each: $CULPRIT
for (var item : items) {
    HttpClient.newHttpClient()
        .send(request(item), asString);
}
"#,
            after: r#"
var client = HttpClient.newHttpClient();
for (var item : items) {
    client.send(request(item), asString);
}
// where the server listens:
// new ServerSocket(port, 1024)
// sysctl net.core.somaxconn=4096
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// a connection each: $CULPRIT
transport := &http.Transport{
    DisableKeepAlives: true,
}
"#,
            after: r#"
transport := &http.Transport{
    MaxIdleConnsPerHost: $WORKERS,
}
// read each body to its end, and close it
// where the server listens:
// sysctl net.core.somaxconn=4096
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// a connection each: $CULPRIT
for item in items {
    TcpStream::connect(address)?;
}
"#,
            after: r#"
let mut peer = TcpStream::connect(address)?;
for item in items {
    ask(&mut peer, item)?;
}
// where the server listens:
// socket.listen(1024)
// sysctl net.core.somaxconn=4096
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// a connection each: $CULPRIT
while ((item = next(queue))) {
    int peer = connect_to(address);
    ask(peer, item);
    close(peer);
}
"#,
            after: r#"
int peer = connect_to(address);
while ((item = next(queue)))
    ask(peer, item);
close(peer);
// where the server listens:
// listen(socket, 1024);
// sysctl net.core.somaxconn=4096
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let peer = called(input.culprit);
    let queue = match input.culprit.backlog {
        0 => format!(
            "A connection to {peer} that is dropped is asked for again after a second or more"
        ),
        backlog => format!(
            "{peer} lets {backlog} connections wait until it accepts them; what comes then is dropped, and asked for again after a second or \
             more"
        ),
    };
    format!(
        "{queue}. A connection that is kept is asked for once. Where the server is yours, its backlog (`listen`, and net.core.somaxconn, which \
         bounds it) should hold all that come while it does not accept, and accepting should wait for nothing else."
    )
}
