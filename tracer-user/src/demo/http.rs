//! As much HTTP/1.1 as two programs on loopback need: POST with a length, connections kept alive.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// Longest body accepted, bytes.
const LONGEST_BODY: usize = 1 << 20;
/// Longest head line accepted, bytes.
const LONGEST_LINE: u64 = 8192;

/// Gives a reply's body for a request's.
pub type Answer = dyn Fn(&[u8]) -> String + Send + Sync;

/// A kept-alive connection of a client.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl Connection {
    /// Connects to `host`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn open(host: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(16 * 1024, stream),
            host,
        })
    }

    /// Sends `body` to `path` and gives the reply's body.
    ///
    /// # Errors
    /// The connection broke, or the reply is no HTTP or not a success.
    pub fn post(&mut self, path: &str, body: &str) -> io::Result<Vec<u8>> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (first, body) = read_message(&mut self.stream)?.ok_or_else(|| {
            io::Error::new(io::ErrorKind::UnexpectedEof, "closed before the reply")
        })?;
        if first.split(' ').nth(1) == Some("200") {
            Ok(body)
        } else {
            Err(invalid(&first))
        }
    }
}

/// Serves every connection of `listener` in a thread of its own: `answer` gets the request's body and gives the reply's.
///
/// # Errors
/// Accepting fails.
pub fn serve(listener: &TcpListener, answer: Arc<Answer>) -> io::Result<()> {
    for stream in listener.incoming() {
        let (stream, answer) = (stream?, Arc::clone(&answer));
        std::thread::spawn(move || {
            // A client that goes away in the middle is no failure of the server.
            let _gone = serve_one(stream, &*answer);
        });
    }
    Ok(())
}

fn serve_one(stream: TcpStream, answer: &Answer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    while let Some((_, body)) = read_message(&mut stream)? {
        let body = answer(&body);
        let reply = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(reply.as_bytes())?;
    }
    Ok(())
}

/// First line and body of the next message; none when the other side closed instead.
fn read_message(stream: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut first = String::new();
    if stream.by_ref().take(LONGEST_LINE).read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value
                .trim()
                .parse()
                .ok()
                .filter(|length| *length <= LONGEST_BODY)
                .ok_or_else(|| invalid(line))?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some((first.trim_end().to_owned(), body)))
}

fn invalid(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("unexpected: {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_for_several_requests() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            serve(
                &listener,
                Arc::new(|body: &[u8]| format!("{} bytes", body.len())),
            )
        });
        let mut connection = Connection::open(address).expect("a connection");
        for length in [0, 5, 40_000] {
            let reply = connection.post("/x", &"a".repeat(length)).expect("a reply");
            assert_eq!(reply, format!("{length} bytes").as_bytes());
        }
    }

    #[test]
    fn an_endless_or_lying_message_is_an_error() {
        for text in [
            "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
        ] {
            read_message(&mut text.as_bytes()).expect_err("must be refused");
        }
    }
}
