//! What the statements of each peer take.

use crate::diagnose::{Findings, StatementShare};
use crate::report::words::statement;
use crate::report::{PeerStatements, StatementRow};

pub(super) fn statements(findings: &Findings<'_>) -> Vec<PeerStatements> {
    let row = |of: &StatementShare| StatementRow {
        statement: statement(&of.text),
        count: of.count,
        mean_ms: 1e3 * of.response_s,
        share_of_waiting: of.share,
    };
    let peers = findings.statements().into_iter();
    peers
        .map(|(peer, list)| PeerStatements {
            peer: findings.class(peer),
            statements: list.iter().map(row).collect(),
        })
        .collect()
}
