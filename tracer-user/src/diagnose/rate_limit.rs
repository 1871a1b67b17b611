//! `rate-limit`: a peer or the client itself throttles.
//!
//! Must be seen: replies that say so (429, 503) in step with the sleeps, or sleeps of several workers side by side whose ends
//! are evenly spaced while their lengths vary: they wait for tokens, not for time to pass. A rate limit holds for one worker
//! too. Tasks are in a limiter by their runtime's word, or wait inside while their requests begin more evenly spaced than anything ends.
//! Refuted by: sleeps of one length each, however many sleep (that is pacing by each worker for itself, or a stand-in for
//! work); throttled replies that are few beside the sleeps.

use super::candidate::{Candidate, Claim, Ruling};
use super::carriers::BUSY;
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::inside::look_inside;
use super::pool::HANDED_ON;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::blame::{Figures, InFlight};
use crate::cause::Cause;
use crate::classify::{ClassId, Sort, WaitKind, WaitSite};
use crate::scaling::{Lost, SharingEstimate};

/// Sleeps for tokens vary in length with the number that wait; sleeps for a fixed time don't.
const LENGTHS_VARY: f64 = 0.1;
/// A client that is turned away sleeps once for each refusal. Where it also paces itself between requests, half of the sleeps
/// are refusals when every request is refused once; fewer refusals than that do not explain the time asleep.
const REFUSED: f64 = 0.5;

/// Gaps between requests that a limit spaces vary by no more than a timer and a turn of the loop do (standard deviation over mean): 0.1 at
/// 5 ms in Go and 0.06 at 12 ms in Node (`tests/traces`). What comes from several workers at random has about 1.
const SPACED: f64 = 0.3;
/// Of what a limiter spaces the begins are more even than whatever ends before, by this factor.
const MORE_EVEN: f64 = 0.5;

/// What is seen of a limit on the rate.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimitFacts {
    /// Where it is waited for.
    pub site: WaitSite,
    /// The peer that throttles; `None`: the program itself.
    pub peer: Option<ClassId>,
    /// How many workers wait at once, on average.
    pub at_once: f64,
    /// What lets through, a second.
    pub rate_per_s: f64,
    /// How it is known.
    pub throttle: Throttle,
}

/// How a limit shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Throttle {
    /// In the workers' own sleeps.
    Sleeps {
        /// Replies that said so.
        replies: u64,
        /// They end evenly spaced while their lengths vary.
        tokens: bool,
        /// Shortest, s.
        shortest_s: f64,
        /// Mean, s.
        mean_s: f64,
        /// Ends a second.
        ends_per_s: f64,
    },
    /// In requests of tasks that begin evenly spaced.
    Spaced {
        /// To whom.
        peer: ClassId,
        /// Standard deviation of the gaps between their begins, over the mean gap.
        spread: f64,
    },
    /// In the waits of tasks, by their runtime's word.
    Runtime {
        /// How often it was looked.
        looks: u64,
    },
    /// In the sleeps of a local peer's threads.
    Inside {
        /// Its process.
        process: String,
    },
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    side_by_side(findings, &mut ruling);
    inside_peer(findings, &mut ruling);
    among_tasks(findings, &mut ruling);
    spaced(findings, &mut ruling);
    ruling
}

/// Whether so many throttled replies explain so many sleeps.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn explains(replies: u64, sleeps: u64) -> bool {
    replies > 0 && replies as f64 >= REFUSED * sleeps as f64
}

/// Waits of varying length side by side that end evenly spaced.
fn are_tokens(sharing: &SharingEstimate, seen: &Figures) -> bool {
    sharing.even && seen.variation > LENGTHS_VARY && seen.others >= 1.0
}

/// Requests begin evenly spaced.
pub(super) fn is_spaced(flight: &InFlight) -> bool {
    flight.begins_spread <= SPACED
}

/// Requests begin more evenly spaced than those to other peers end; where there are no others, than they end themselves. Where each
/// begins as another one ends it may be a slot that it waited for.
fn is_made_even<'f>(flight: &InFlight, others: impl Iterator<Item = &'f InFlight>) -> bool {
    let mut before: Vec<f64> = others.map(|other| other.ends_spread).collect();
    before.retain(|spread| spread.is_finite());
    if before.is_empty() {
        before.push(flight.ends_spread);
    }
    let is_more_even = |ends: &f64| flight.begins_spread <= MORE_EVEN * ends;
    flight.handed_on < HANDED_ON && before.iter().all(is_more_even)
}

/// The longest wait of a kind that is worth naming.
fn longest(findings: &Findings<'_>, kind: WaitKind) -> Option<(WaitSite, f64)> {
    let mut sites = findings.sites().into_iter();
    sites
        .find(|(site, _)| site.kind == kind)
        .filter(|(_, seconds)| *seconds >= WORTH_NAMING * findings.time())
}

/// Sleeps of the workers themselves.
fn side_by_side(findings: &Findings<'_>, ruling: &mut Ruling) {
    let Some((site, seconds)) = longest(findings, WaitKind::Sleep) else {
        return;
    };
    let Some((sharing, seen)) = findings.reading(&[site]) else {
        return;
    };
    let totals = findings.inventory.all_totals().into_iter();
    let throttled = totals
        .filter(|(_, totals)| totals.throttled > 0)
        .max_by_key(|(class, totals)| (totals.throttled, *class))
        .map(|(class, totals)| (class, totals.throttled));
    let replies = throttled.map_or(0, |(_, replies)| replies);
    let (says_so, tokens) = (explains(replies, seen.count), are_tokens(&sharing, &seen));
    let peer = throttled.filter(|_| says_so).map(|(class, _)| class);
    let culprit = culprit(findings, peer);
    if !says_so && !tokens {
        let by = if replies > 0 {
            Refutation::FewThrottled {
                replies,
                sleeps: seen.count,
            }
        } else if sharing.even && seen.others >= 1.0 {
            Refutation::SleepsOfOneLength {
                variation: seen.variation,
            }
        } else {
            return;
        };
        ruling.clear(Cause::RateLimit, culprit, by);
        return;
    }
    let stage =
        findings.stage_of(peer.map_or(site, |class| WaitSite::plain(WaitKind::Request, class)));
    let facts = RateLimitFacts {
        site,
        peer,
        at_once: seen.others + 1.0,
        rate_per_s: findings.rate(),
        throttle: Throttle::Sleeps {
            replies: if says_so { replies } else { 0 },
            tokens,
            shortest_s: seen.shortest,
            mean_s: seen.mean,
            ends_per_s: seen.rate,
        },
    };
    // Either is enough: one who is told when to come back sleeps for no token.
    let tests = vec![
        Sign::RepliesSaySo.is(Outcome::if_there(says_so)),
        Sign::Tokens.is(Outcome::if_there(tokens)),
    ];
    let candidate = candidate(findings, (site, seconds), stage, culprit, facts);
    ruling.candidates.push(Candidate { tests, ..candidate });
}

fn culprit(findings: &Findings<'_>, peer: Option<ClassId>) -> Culprit {
    let address = peer.map(|class| findings.class(class)).unwrap_or_default();
    Culprit {
        kind: if peer.is_some() {
            CulpritKind::Peer
        } else {
            CulpritKind::Timer
        },
        name: if peer.is_some() {
            address.clone()
        } else {
            "a limit in the program itself".to_owned()
        },
        address,
        process: peer
            .map(|class| findings.peer_process(class))
            .unwrap_or_default(),
        rate_per_s: findings.rate(),
        ..Culprit::default()
    }
}

fn candidate(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    stage: crate::work::StageName,
    culprit: Culprit,
    facts: RateLimitFacts,
) -> Candidate {
    Candidate {
        claims: vec![Claim {
            site,
            lost: Lost {
                proved: 0.0,
                likely: seconds,
                possible: seconds,
            },
        }],
        cap: Some(findings.rate()),
        demand: 1.0 / findings.rate().max(1e-9),
        ..Candidate::new(stage, culprit, Facts::RateLimit(facts))
    }
}

/// Tasks that wait in a limiter of their program.
fn among_tasks(findings: &Findings<'_>, ruling: &mut Ruling) {
    for (site, seconds) in findings.sites() {
        let place = findings
            .place(site)
            .filter(|place| place.sort == Sort::Limiter);
        let Some(place) = place.filter(|_| seconds >= WORTH_NAMING * findings.time()) else {
            continue;
        };
        let facts = RateLimitFacts {
            site,
            peer: None,
            at_once: place.mean,
            rate_per_s: findings.rate(),
            throttle: Throttle::Runtime {
                looks: findings.shown.as_ref().map_or(0, |shown| shown.looks),
            },
        };
        let culprit = Culprit {
            call_site: findings.class(site.class),
            ..culprit(findings, None)
        };
        let stage = findings.stage_of(site);
        let candidate = candidate(findings, (site, seconds), stage, culprit, facts);
        ruling.candidates.push(Candidate {
            tests: vec![Sign::RuntimeSaysSo.is(Outcome::Seen)],
            ..candidate
        });
    }
}

impl Findings<'_> {
    /// About as many requests begin at a station as items are done, or more.
    fn is_done_each_item(&self, site: WaitSite, flight: &InFlight) -> bool {
        /// Some are under way at the ends of the window.
        const AS_OFTEN: f64 = 0.8;
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let (begins, items) = (flight.begins as f64, self.items as f64);
        begins * self.collector.visits.for_each_kept(site) >= AS_OFTEN * items
    }
}

/// Tasks that wait inside, or for a timer, before requests that begin evenly spaced. What is as even as something that ends elsewhere
/// may be that: of workers that each pause for as long between two requests the one begins as the other ends.
fn spaced(findings: &Findings<'_>, ruling: &mut Ruling) {
    let sites = findings.sites();
    let waits = |(site, _): &&(WaitSite, f64)| {
        site.kind == WaitKind::Parked
            && (findings.place(*site)).is_none_or(|place| place.sort == Sort::Timer)
    };
    let worth_naming = WORTH_NAMING * findings.time();
    let heaviest = sites.iter().find(waits).copied();
    let Some((site, seconds)) = heaviest.filter(|(_, seconds)| *seconds >= worth_naming) else {
        return;
    };
    let at_once = seconds / findings.window().max(1e-9);
    let requests = sites.iter().filter(|(at, _)| at.kind == WaitKind::Request);
    let flights: Vec<(ClassId, InFlight)> = requests
        .map(|(at, _)| (*at, findings.in_flight_at(*at)))
        // What comes by itself now and then is no step of the work.
        .filter(|(at, flight)| findings.is_done_each_item(*at, flight))
        .map(|(at, flight)| (at.class, flight))
        .collect();
    let paced = flights.iter().filter(|(_, flight)| is_spaced(flight));
    let most_even = paced.min_by(|a, b| a.1.begins_spread.total_cmp(&b.1.begins_spread));
    let Some((peer, flight)) = most_even.filter(|_| at_once >= 1.0) else {
        return;
    };
    if let Some(busy) = findings.carriers().map(|carriers| carriers.busy())
        && busy >= BUSY
    {
        let by = Refutation::CarriersBusy { busy };
        ruling.clear(Cause::RateLimit, culprit(findings, None), by);
        return;
    }
    let others = flights.iter().filter(|(other, _)| other != peer);
    let is_made_even = is_made_even(flight, others.map(|(_, other)| other));
    let facts = RateLimitFacts {
        site,
        peer: None,
        at_once,
        rate_per_s: findings.rate(),
        throttle: Throttle::Spaced {
            peer: *peer,
            spread: flight.begins_spread,
        },
    };
    let stage = findings.stage_of(site);
    let mut candidate = candidate(
        findings,
        (site, seconds),
        stage,
        culprit(findings, None),
        facts,
    );
    if !is_made_even {
        for claim in &mut candidate.claims {
            claim.lost.likely = 0.0;
        }
    }
    ruling.candidates.push(Candidate {
        tests: vec![Sign::Tokens.is(Outcome::of(is_made_even))],
        // What is done one at a time before the request, and takes as long each time, spaces it as well.
        alternatives: match findings.place(site) {
            Some(_) => Vec::new(),
            None => vec![Cause::UserLock, Cause::SingleThread],
        },
        ..candidate
    });
}

/// A local peer whose threads sleep side by side with evenly spaced replies, and queue for no lock.
fn inside_peer(findings: &Findings<'_>, ruling: &mut Ruling) {
    let Some((site, seconds)) = longest(findings, WaitKind::Request) else {
        return;
    };
    let Some((sharing, seen)) = findings.reading(&[site]) else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
    let Some(peer) = look_inside(findings, site, seen.count as f64) else {
        return;
    };
    let blocked = peer.stats.blocked.iter();
    let asleep: f64 = blocked
        .filter(|(at, _)| at.kind == WaitKind::Sleep)
        .map(|(_, time)| time.seconds())
        .sum::<f64>()
        / peer.replies;
    if asleep <= 0.5 * seen.mean || !are_tokens(&sharing, &seen) {
        return;
    }
    let facts = RateLimitFacts {
        site,
        peer: Some(site.class),
        at_once: seen.others + 1.0,
        rate_per_s: seen.rate,
        throttle: Throttle::Inside {
            process: peer.process.clone(),
        },
    };
    let culprit = Culprit {
        rate_per_s: seen.rate,
        ..culprit(findings, Some(site.class))
    };
    let stage = findings.stage_of(site);
    let candidate = candidate(findings, (site, seconds), stage, culprit, facts);
    ruling.candidates.push(Candidate {
        tests: vec![
            Sign::PeerSleeps.is(Outcome::Seen),
            Sign::Tokens.is(Outcome::Seen),
        ],
        ..candidate
    });
}

#[cfg(test)]
mod tests {
    use super::{InFlight, explains, is_made_even};

    /// Requests whose begins and ends vary by so much, ...
    fn flight(begins_spread: f64, ends_spread: f64) -> InFlight {
        InFlight {
            begins_spread,
            ends_spread,
            ..InFlight::default()
        }
    }

    #[test]
    fn a_limit_makes_even_what_comes_unevenly() {
        let limited = flight(0.05, 0.4);
        assert!(is_made_even(&limited, [&flight(1.0, 0.9)].into_iter()));
        assert!(is_made_even(&limited, [].into_iter()));
        // What they fetch ends as evenly: they may pause for as long each.
        assert!(!is_made_even(&limited, [&flight(1.0, 0.06)].into_iter()));
        // So do they themselves, with nobody else to compare with; of a few nothing is known.
        let by_pauses = flight(0.05, 0.05);
        assert!(!is_made_even(&by_pauses, [].into_iter()));
        assert!(!is_made_even(
            &by_pauses,
            [&flight(1.0, f64::INFINITY)].into_iter()
        ));
        let slots = InFlight {
            handed_on: 0.9,
            ..limited
        };
        assert!(!is_made_even(&slots, [&flight(1.0, 0.9)].into_iter()));
    }

    #[test]
    fn one_refusal_in_a_window_explains_no_sleeps() {
        assert!(!explains(1, 400));
        assert!(!explains(0, 0));
        assert!(explains(400, 400), "a sleep for each refusal");
        assert!(explains(400, 780), "and another between requests");
        assert!(!explains(190, 400));
    }
}
