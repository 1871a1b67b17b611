//! What the statements of each peer take.

use crate::diagnose::{Conclusion, Facts, Findings, StatementShare};
use crate::report::words::statement;
use crate::report::{PeerStatements, StatementRow};

pub(super) fn statements(findings: &Findings<'_>, conclusion: &Conclusion) -> Vec<PeerStatements> {
    let one_at_a_time = |peer| {
        let candidates = conclusion.candidates.iter();
        candidates.map(|candidate| &candidate.facts).any(|facts| {
            matches!(facts, Facts::Remote(remote) if remote.site.class == peer && remote.is_serial())
        })
    };
    let row = |of: &StatementShare| StatementRow {
        statement: statement(&of.text),
        count: of.count,
        mean_ms: 1e3 * of.response_s,
        service_ms: of.turn_s.map(|turn| 1e3 * turn),
        share_of_waiting: of.share,
    };
    let peers = findings.statements(one_at_a_time).into_iter();
    peers
        .map(|(peer, list)| PeerStatements {
            peer: findings.class(peer),
            statements: list.iter().map(row).collect(),
        })
        .collect()
}
