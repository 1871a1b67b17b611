//! Tasks of tokio that fetch from one server and post to another, past what the settings say.

#[path = "../../programs/books.rs"]
mod books;

use std::io::Result;
use std::sync::Arc;
use std::time::Duration;

use books::{FETCH, Page, Settings, TRANSFORM, WRITE};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// A kept-alive connection that one asks on at a time.
struct Peer(BufReader<TcpStream>);

impl Peer {
    async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    async fn ask(&mut self, method: &str, body: &[u8]) -> Result<Vec<u8>> {
        let head = format!(
            "{method} /rows HTTP/1.1\r\nHost: peer\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        self.0.get_mut().write_all(&request).await?;
        let (mut line, mut length) = (String::new(), 0);
        while self.0.read_line(&mut line).await? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let mut reply = vec![0; length];
        self.0.read_exact(&mut reply).await?;
        Ok(reply)
    }
}

/// Computes without a pause, one round after the other.
fn digest(rows: &[u8], rounds: u64) -> u64 {
    let sum = rows.iter().map(|byte| u64::from(*byte)).sum();
    (0..rounds).fold(sum, |sum, round| books::scramble(sum ^ round))
}

async fn work(settings: Arc<Settings>, gate: Option<Arc<Semaphore>>, worker: u64) -> Result<()> {
    let micros = |name: &str| Duration::from_micros(settings.number(name));
    tokio::time::sleep(micros("stagger_us") * u32::try_from(worker).unwrap_or(0)).await;
    let mut source = Peer::connect(settings.word("input")).await?;
    let mut sink = Peer::connect(settings.word("output")).await?;
    let page = Page::open("books", usize::try_from(worker).unwrap_or(0));
    let filler = vec![b'r'; usize::try_from(settings.number("bytes")).unwrap_or(0)];
    page.enter(FETCH, 0);
    loop {
        let rows = source.ask("GET", b"").await?;
        page.enter(TRANSFORM, 0);
        // Blocks the thread that carries the task.
        std::thread::sleep(micros("stalled_us"));
        let sum = digest(&rows, settings.number("rounds"));
        let body = [sum.to_string().as_bytes(), &filler].concat();
        page.enter(WRITE, 0);
        let _held = match &gate {
            Some(gate) => Some(gate.acquire().await.map_err(std::io::Error::other)?),
            None => None,
        };
        sink.ask("POST", &body).await?;
        page.enter(FETCH, 1);
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let settings = Arc::new(Settings::read("settings"));
    let slots = usize::try_from(settings.number("slots")).unwrap_or(0);
    let gate = (slots > 0).then(|| Arc::new(Semaphore::new(slots)));
    let tasks: Vec<_> = (0..settings.number("workers"))
        .map(|worker| tokio::spawn(work(settings.clone(), gate.clone(), worker)))
        .collect();
    for task in tasks {
        task.await.map_err(std::io::Error::other)??;
    }
    Ok(())
}
