//! As much HTTP/1.1 as the workloads need, on kept-alive connections.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;

pub struct Peer(BufReader<TcpStream>);

impl Peer {
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a peer");
        stream.set_nodelay(true).expect("a socket");
        Self(BufReader::new(stream))
    }

    pub fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: peer\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        self.0.get_mut().write_all(&request)?;
        Ok(message(&mut self.0)?.map_or_else(Vec::new, |(_, body)| body))
    }
}

/// First line and body of the next message, none at the end.
pub fn message(stream: &mut BufReader<TcpStream>) -> Result<Option<(String, Vec<u8>)>> {
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    if stream.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    while stream.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some((first, body)))
}
