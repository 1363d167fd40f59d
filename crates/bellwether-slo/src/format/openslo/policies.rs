//! What slices without anything to tell from count as: OpenSLO has no word for it, so annotations say it.

use super::object::Metadata;
use crate::format::node::Node;
use crate::{Empty, Policies};

const WORDS: &[(&str, Empty)] =
    &[("good", Empty::Good), ("bad", Empty::Bad), ("skip", Empty::Skip), ("carry_last", Empty::CarryLast)];

/// The policies of an SLO whose annotations are these.
pub(super) fn read(metadata: &Metadata<'_>) -> Policies {
    let policy = |key, default| {
        let given = metadata.annotation(key)?;
        let found = WORDS.iter().find(|(word, _)| *word == given).map(|(_, policy)| *policy);
        if found.is_none() {
            let cursor = metadata.fields.get("annotations");
            let what = format!("has {key}, which is not good, bad, skip or carry_last: left out");
            cursor.iter().for_each(|cursor| cursor.note(what.clone()));
        }
        Some(found.unwrap_or(default))
    };
    let default = Policies::default();
    Policies {
        no_traffic: policy("no-traffic", default.no_traffic).unwrap_or(default.no_traffic),
        unknown: policy("unknown", default.unknown).unwrap_or(default.unknown),
        stopped: policy("stopped", default.stopped).unwrap_or(default.stopped),
    }
}

/// The annotations of what is not the default.
pub(super) fn write(policies: Policies) -> Vec<(&'static str, Node)> {
    let default = Policies::default();
    let all = [
        ("no-traffic", policies.no_traffic, default.no_traffic),
        ("unknown", policies.unknown, default.unknown),
        ("stopped", policies.stopped, default.stopped),
    ];
    let word = |policy| WORDS.iter().find(|(_, known)| *known == policy).map_or("", |(word, _)| word);
    let changed = all.into_iter().filter(|(_, policy, default)| policy != default);
    changed.map(|(key, policy, _)| (key, Node::text_of(word(policy)))).collect()
}
