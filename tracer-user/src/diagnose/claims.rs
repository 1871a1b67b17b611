//! One wait site, one cause: where several rules see theirs in the same waits, the more specific one has them.
//!
//! In: what the rules say. Out: the same without two claims on one wait site. Who loses all it claimed is listed as refuted by
//! the winner. In the doubtful case (two candidates of one rank) the one that claims more has the site.

use super::candidate::{Candidate, Refuted, Ruling};
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use crate::cause::Cause;
use crate::classify::WaitSite;
use crate::scaling::Lost;

/// Claims may exceed what is blocked at a wait site by this much, s: sums of floating-point numbers in another order.
const ROUNDING: f64 = 1e-6;

/// Settles who has which wait site; `blocked` is the worker time blocked at one, s.
pub(super) fn settle(ruling: Ruling, blocked: impl Fn(WaitSite) -> f64) -> Ruling {
    let Ruling {
        mut candidates,
        mut refuted,
    } = ruling;
    candidates.sort_by(|a, b| {
        let likely = |candidate: &Candidate| candidate.lost().likely;
        rank(a).cmp(&rank(b)).then(likely(b).total_cmp(&likely(a)))
    });
    let mut settled: Vec<Candidate> = Vec::new();
    for mut candidate in candidates {
        let mut winner = None;
        candidate.claims.retain(|claim| {
            let has = |other: &&Candidate| other.claims.iter().any(|c| c.site == claim.site);
            let owner = settled.iter().find(has).map(|other| other.cause);
            winner = winner.or(owner);
            owner.is_none()
        });
        // A peer that serves fewer than come is claimed without what it lacks a CPU for; anybody else has all that is waited there.
        candidate.in_peers.retain(|claim| {
            let has = |other: &&Candidate| other.claims.iter().any(|c| c.site == claim.site);
            let owner = settled.iter().find(has).map(|other| other.cause);
            let is_left = owner.is_none_or(|owner| owner == Cause::RemoteSerial);
            winner = winner.or(owner.filter(|_| !is_left));
            is_left
        });
        match winner {
            Some(by) if candidate.claims.is_empty() && candidate.lost() == Lost::default() => {
                refuted.push(Refuted {
                    cause: candidate.cause,
                    culprit: candidate.culprit,
                    by: vec![Refutation::Claimed { by }],
                });
            }
            _ => settled.push(candidate),
        }
    }
    debug_assert_eq!(overclaimed(&settled, &blocked), None);
    Ruling {
        candidates: settled,
        refuted,
    }
}

/// Who has a wait site that several claim: the lower.
fn rank(candidate: &Candidate) -> u8 {
    let seen = |sign: Sign| {
        let mut tests = candidate.tests.iter();
        tests.any(|test| test.sign == sign && test.outcome == Outcome::Seen)
    };
    match candidate.cause {
        // Its words are known, and no program's own.
        Cause::InterpreterLock => 0,
        // No lock lets all who wait for it go on at once.
        Cause::Imbalance => 1,
        // Nor does who feeds them in the middle of what they do.
        Cause::RuntimePause => 2,
        // It says what the lock guards: whoever has it is inside an exchange on one of several connections.
        Cause::Pool => 3,
        // It says what is done under the lock.
        Cause::Checkpoint => 4,
        // The limit was read from the control group; a slow device is only reckoned from the same syncs, reads and writes.
        Cause::Quota | Cause::Memory => 5,
        // Replies that say so, and a peer whose threads sleep, are no serial server's; even replies alone are.
        Cause::RateLimit if seen(Sign::RepliesSaySo) || seen(Sign::PeerSleeps) => 6,
        // Time in which nothing is asked of a peer, since there is no connection yet; a serial peer has it only where this is cleared.
        Cause::Network => 6,
        Cause::RemoteSerial => 7,
        Cause::RateLimit => 8,
        Cause::UserLock => 9,
        Cause::FileLock => 10,
        Cause::Fsync | Cause::Disk => 11,
        // Nobody feeds the workers only where they wait for nothing else.
        Cause::Starved => 12,
        // Replies that lie unread are claimed by nobody else, and the run queue has no wait site.
        Cause::SingleThread => 13,
        // Its waits are of a kind of their own; the others have none.
        Cause::KernelLock | Cause::Spin | Cause::Cpu | Cause::CpuInflation => 14,
        Cause::None | Cause::Unknown => 15,
    }
}

/// A wait site at which more worker time is claimed than was blocked there, or that two claim.
fn overclaimed(candidates: &[Candidate], blocked: impl Fn(WaitSite) -> f64) -> Option<WaitSite> {
    let mut sites = std::collections::BTreeMap::<WaitSite, f64>::new();
    for claim in candidates.iter().flat_map(Candidate::all_claims) {
        *sites.entry(claim.site).or_default() += claim.lost.likely;
    }
    sites
        .into_iter()
        .find(|(site, claimed)| *claimed > blocked(*site) + ROUNDING)
        .map(|(site, _)| site)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{candidate, site};
    use super::*;
    use crate::classify::WaitKind;

    const LOCK: WaitSite = site(WaitKind::Futex, 1);
    const PEER: WaitSite = site(WaitKind::Request, 2);
    const FILE: WaitSite = site(WaitKind::Sync, 3);
    const READ: WaitSite = site(WaitKind::File, 4);

    /// The causes that keep their claims, in their order, and those that are refuted.
    fn check(candidates: Vec<Candidate>, kept: &[Cause], refuted: &[(Cause, Cause)]) {
        let ruling = Ruling {
            candidates,
            refuted: Vec::new(),
        };
        let settled = settle(ruling, |_| 10.0);
        let causes: Vec<Cause> = settled.candidates.iter().map(|c| c.cause).collect();
        assert_eq!(causes, kept);
        let by: Vec<(Cause, Cause)> = settled
            .refuted
            .iter()
            .map(|refuted| match refuted.by.as_slice() {
                [Refutation::Claimed { by }] => (refuted.cause, *by),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(by, refuted);
    }

    #[test]
    fn the_more_specific_cause_has_the_wait_site() {
        use Cause::{
            Disk, Fsync, Imbalance, Pool, Quota, RateLimit, RemoteSerial, RuntimePause, Starved,
            UserLock,
        };
        let of = |cause, site| candidate(cause, &[(site, 8.0)]);
        check(
            vec![of(UserLock, LOCK), of(Pool, LOCK)],
            &[Pool],
            &[(UserLock, Pool)],
        );
        check(
            vec![of(UserLock, LOCK), of(Pool, LOCK), of(Imbalance, LOCK)],
            &[Imbalance],
            &[(Pool, Imbalance), (UserLock, Imbalance)],
        );
        check(
            vec![of(Fsync, FILE), of(Quota, FILE)],
            &[Quota],
            &[(Fsync, Quota)],
        );
        check(
            vec![of(Disk, READ), of(Quota, READ), of(Fsync, FILE)],
            &[Quota, Fsync],
            &[(Disk, Quota)],
        );
        check(
            vec![of(Starved, LOCK), of(UserLock, LOCK)],
            &[UserLock],
            &[(Starved, UserLock)],
        );
        check(
            vec![of(Starved, LOCK), of(RuntimePause, LOCK)],
            &[RuntimePause],
            &[(Starved, RuntimePause)],
        );
        let mut throttled = of(RateLimit, PEER);
        check(
            vec![throttled.clone(), of(RemoteSerial, PEER)],
            &[RemoteSerial],
            &[(RateLimit, RemoteSerial)],
        );
        throttled.tests = vec![Sign::RepliesSaySo.is(Outcome::Seen)];
        check(
            vec![throttled, of(RemoteSerial, PEER)],
            &[RateLimit],
            &[(RemoteSerial, RateLimit)],
        );
    }

    #[test]
    fn who_loses_one_claim_keeps_the_others() {
        let fed = candidate(Cause::Starved, &[(LOCK, 5.0), (PEER, 3.0)]);
        let ruling = Ruling {
            candidates: vec![fed, candidate(Cause::UserLock, &[(LOCK, 8.0)])],
            refuted: Vec::new(),
        };
        let settled = settle(ruling, |_| 10.0);
        assert!(settled.refuted.is_empty(), "{:?}", settled.refuted);
        let fed = &settled.candidates[1];
        assert_eq!((fed.sites(), fed.lost().likely), (vec![PEER], 3.0));
    }

    #[test]
    fn more_than_is_blocked_at_a_wait_site_cannot_be_claimed() {
        let twice = [
            candidate(Cause::UserLock, &[(LOCK, 8.0)]),
            candidate(Cause::Pool, &[(LOCK, 8.0)]),
        ];
        assert_eq!(overclaimed(&twice[..1], |_| 10.0), None);
        assert_eq!(overclaimed(&twice, |_| 10.0), Some(LOCK));
        assert_eq!(overclaimed(&twice[..1], |_| 7.0), Some(LOCK));
    }
}
