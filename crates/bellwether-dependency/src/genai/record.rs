//! What is measured of an answer that is over.

use std::time::Duration;

use bellwether_breaker::sse::Usage;

use super::answer::Told;
use super::model::{Model, Task};
use crate::cascade::Failure;
use crate::fault::Fault;

/// An answer that is over.
pub(super) struct Ended<'a> {
    pub(super) told: &'a Told,
    pub(super) fault: Option<Fault>,
    pub(super) streams: bool,
    pub(super) first_chunk: Option<Duration>,
    /// Why nobody will know what it took, if it failed.
    pub(super) usage_lost: &'static str,
    pub(super) began_to_answer: bool,
    pub(super) characters: Option<u64>,
}

pub(super) fn ended(model: &Model, ended: &Ended<'_>) {
    let Ended { told, fault, .. } = *ended;
    let metrics = model.metrics();
    let served = model.served(told.model.as_deref());
    let labels = model.labels(&served);
    duration(model, &served, fault, told.took);
    if let Some(first) = ended.first_chunk.filter(|_| ended.streams) {
        metrics.first_chunk.get(labels).record_duration(first);
    }
    let whole = Some(told.took).filter(|_| fault.is_none() && model.task() == Task::SpeechToText);
    if let Some(first) = told.first_content.or(whole) {
        metrics.first_content.get(labels).record_duration(first);
    }
    match fault {
        None => {
            usage(model, &served, &told.usage);
            if let Some(time) = told.time_per_token() {
                metrics.per_token.get(labels).record(time);
            }
            if let Some(length) = told.audio {
                metrics.audio.get(labels).record_duration(length);
            }
            if let Some(factor) = told.real_time_factor() {
                metrics.factor.get(labels).record(factor);
            }
            if let Some(characters) = ended.characters {
                metrics.characters.get(labels).record(characters as f64);
            }
        }
        Some(fault) => {
            if ended.began_to_answer && model.task().counts_tokens() {
                let reason = if fault.failure == Failure::Cancelled { "cancelled" } else { ended.usage_lost };
                unknown(model, &served, reason);
            }
        }
    }
}

/// How long it took, whose fault it was, and what there was too much of.
pub(super) fn duration(model: &Model, served: &str, fault: Option<Fault>, took: Duration) {
    let metrics = model.metrics();
    // Who gives up has met no error.
    let error = fault.filter(|fault| fault.failure != Failure::Cancelled).map_or("", |fault| fault.failure.as_str());
    let outcome = fault.map_or("success", |fault| fault.outcome().as_str());
    metrics.duration.get(model.labels_and(served, [error, outcome])).record_duration(took);
    if let Some(limit) = fault.and_then(|fault| fault.limit) {
        metrics.limited.get(model.labels_and(served, [limit.as_str()])).inc();
    }
}

/// What an answer that is complete took: what it says, and no more.
pub(super) fn usage(model: &Model, served: &str, usage: &Usage) {
    let metrics = model.metrics();
    for (kind, tokens) in [("input", usage.input), ("output", usage.output)] {
        if let Some(tokens) = tokens {
            metrics.tokens.get(model.labels_and(served, [kind])).record(tokens as f64);
        }
    }
    let parts = [
        (&metrics.cache_read, usage.cache_read),
        (&metrics.cache_write, usage.cache_write),
        (&metrics.reasoning, usage.reasoning),
    ];
    for (counter, tokens) in parts {
        if let Some(tokens) = tokens {
            counter.get(model.labels(served)).add(tokens);
        }
    }
    let whole = match model.task() {
        Task::Embeddings => usage.input.is_some(),
        _ => usage.input.is_some() && usage.output.is_some(),
    };
    if !whole && model.task().counts_tokens() {
        unknown(model, served, "absent");
    }
}

pub(super) fn unknown(model: &Model, served: &str, reason: &str) {
    model.metrics().unknown.get(model.labels_and(served, [reason])).inc();
}

/// What was told by hand counts for more than what was read.
pub(super) fn merge(read: &mut Usage, told: &Usage) {
    read.input = told.input.or(read.input);
    read.output = told.output.or(read.output);
    read.cache_read = told.cache_read.or(read.cache_read);
    read.cache_write = told.cache_write.or(read.cache_write);
    read.reasoning = told.reasoning.or(read.reasoning);
    read.audio = told.audio.or(read.audio);
}
