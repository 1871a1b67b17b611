//! What to change, and what that would bring.

use super::super::Report;
use super::super::page::{Block, Phrase, Tone, code_lines};
use super::or_unknown;
use crate::number::{count, figure, percent, rate};

pub(super) fn fix(report: &Report) -> Vec<Block> {
    let Some(fix) = &report.fix else {
        return vec![Block::Prose(
            "None: there is nothing to change that is proved to help.".into(),
        )];
    };
    let mut blocks = vec![Block::Prose(Phrase::new(&fix.title).tone(Tone::Strong))];
    if !fix.why.is_empty() {
        blocks.push(Block::Prose(Phrase::new(&fix.why)));
    }
    if !fix.before.is_empty() || !fix.after.is_empty() {
        blocks.push(Block::Change {
            language: Phrase::new(&fix.language),
            before: code_lines(&fix.before),
            after: code_lines(&fix.after),
        });
    }
    blocks
}

pub(super) fn expected(report: &Report) -> Vec<Block> {
    let Some(prediction) = &report.prediction else {
        return vec![Block::Prose(
            "No prediction: nothing is known that a fix would relieve.".into(),
        )];
    };
    let how = match prediction.method.as_str() {
        "bound" => "an operational bound: from no better than seen to no new limit".to_owned(),
        method => format!(
            "{}, model error {}",
            or_unknown(method),
            percent(prediction.model_error)
        ),
    };
    let [low, high] = prediction.interval.map(rate);
    let mut fields = vec![
        (
            "Rate",
            Phrase::new(format!(
                "{} to {}, {} times",
                rate(report.parallelism.actual_rate_per_s),
                rate(prediction.rate_per_s),
                figure(prediction.speedup),
            ))
            .tone(Tone::Good),
        ),
        ("Range", Phrase::new(format!("{low} to {high}, {how}"))),
    ];
    if !prediction.next_bottleneck.is_empty() {
        fields.push(("Next limit", Phrase::new(&prediction.next_bottleneck)));
    }
    if prediction.best_worker_count > 0 {
        fields.push((
            "Workers",
            Phrase::new(format!(
                "more than {} gain nothing before the fix",
                count(prediction.best_worker_count.into())
            )),
        ));
    }
    vec![Block::Fields(fields)]
}
