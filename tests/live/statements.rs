//! Statements, held against what the program sent.

use holdup::row::{StatementId, Verb};

use crate::watched::{python, watch};

/// 20 requests in `PostgreSQL`'s protocol, each with constants of its own; prints how many.
const CLIENT: &str = r#"
import socket, struct, sys, threading
server = socket.create_server(('127.0.0.1', 0))
def serve():
    peer, _ = server.accept()
    while peer.recv(4096):
        peer.sendall(b'C\0\0\0\x0dUPDATE 1\0Z\0\0\0\x05I')
threading.Thread(target=serve, daemon=True).start()
client = socket.create_connection(server.getsockname())
print('ready', flush=True)
sys.stdin.readline()
for n in range(20):
    text = f"UPDATE hot SET n = n + {n} WHERE name = 'secret {n}' AND id IN ({n}, {n + 1})\0".encode()
    client.sendall(b'Q' + struct.pack('>I', len(text) + 4) + text)
    client.recv(4096)
print(20, flush=True)
sys.stdin.read()
"#;

pub fn a_statement_is_told_without_its_constants() {
    let seen = watch(&mut python(CLIENT));
    let rows = seen.rows.0.iter();
    let texts: Vec<_> = rows
        .clone()
        .flat_map(|batch| &batch.statements)
        .map(|row| (row.id, row.text.as_str()))
        .collect();
    let text = "UPDATE hot SET n = n + ? WHERE name = ? AND id IN (?)";
    assert_eq!(texts, [(StatementId(1), text)]);
    let requests: Vec<_> = rows
        .flat_map(|batch| &batch.calls)
        .filter(|call| call.statement != StatementId::NONE)
        .collect();
    assert_eq!(requests.len() as u64, seen.said[0]);
    for call in requests {
        assert_eq!((call.verb, call.call.is_output()), (Verb::SqlWrite, true));
    }
}
