//! Requests and responses over loopback TCP: a client thread and a server thread a connection.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::Load;
use super::crew::Crew;
use super::system;

/// A short request, a longer response.
const REQUEST_BYTES: usize = 100;
const RESPONSE_BYTES: usize = 1000;

/// Parameters.
#[derive(clap::Args)]
pub struct Arguments {
    /// Connections, each with a client and a server.
    #[arg(long, default_value_t = 1)]
    connections: u32,
    /// Bind all threads to this CPU.
    #[arg(long)]
    pin: Option<usize>,
    /// At most so many exchanges a second on each connection.
    #[arg(long)]
    rate: Option<u32>,
}

/// The threads.
pub struct Request(Crew);

impl Request {
    /// Connects all pairs.
    pub fn new(arguments: &Arguments) -> io::Result<Self> {
        let &Arguments {
            connections,
            pin,
            rate,
        } = arguments;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut clients = Vec::new();
        for _ in 0..connections.max(1) {
            let client = TcpStream::connect(listener.local_addr()?)?;
            let (server, _) = listener.accept()?;
            client.set_nodelay(true)?;
            server.set_nodelay(true)?;
            std::thread::Builder::new()
                .name("server".to_owned())
                .spawn(move || {
                    if let Some(cpu) = pin {
                        system::pin(cpu);
                    }
                    // Ends when the client's end does.
                    let _ = serve(server);
                })?;
            clients.push(client);
        }
        let clients = std::cell::RefCell::new(clients);
        Ok(Self(Crew::new(connections.max(1), |_| {
            let client = clients.borrow_mut().pop();
            let mut pinned = false;
            move |exchanges| {
                if let (Some(cpu), false) = (pin, pinned) {
                    system::pin(cpu);
                    pinned = true;
                }
                let Some(client) = &client else { return };
                if let Err(error) = ask(client, exchanges, rate) {
                    eprintln!("load: {error}");
                    std::process::exit(1);
                }
            }
        })))
    }
}

fn serve(mut socket: TcpStream) -> io::Result<()> {
    let mut request = [0; REQUEST_BYTES];
    let response = [b'r'; RESPONSE_BYTES];
    loop {
        socket.read_exact(&mut request)?;
        socket.write_all(&response)?;
    }
}

/// In bursts of a hundredth of a second where the rate is limited.
fn ask(mut socket: &TcpStream, exchanges: u64, rate: Option<u32>) -> io::Result<()> {
    let request = [b'q'; REQUEST_BYTES];
    let mut response = [0; RESPONSE_BYTES];
    let began = std::time::Instant::now();
    for done in 0..exchanges {
        if let Some(rate) = rate
            && done % u64::from(rate / 100).max(1) == 0
        {
            let due = std::time::Duration::from_secs_f64(done as f64 / f64::from(rate));
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
        socket.write_all(&request)?;
        socket.read_exact(&mut response)?;
    }
    Ok(())
}

impl Load for Request {
    fn run(&mut self, operations: u64) -> u64 {
        self.0.run(operations)
    }
}
