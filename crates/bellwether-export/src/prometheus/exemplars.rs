//! Which of the kept exemplars a classic bucket shows.

use bellwether_core::Exemplar;

/// The latest of the exemplars up to `upper`, and those that remain. They ascend by value; the last bucket has no `upper`.
pub(super) fn up_to<'a>(exemplars: &'a [Exemplar], upper: Option<&f64>) -> (Option<&'a Exemplar>, &'a [Exemplar]) {
    let within = upper.map_or(exemplars.len(), |upper| exemplars.partition_point(|one| one.value <= *upper));
    let (own, rest) = exemplars.split_at(within);
    (own.iter().max_by_key(|one| one.at), rest)
}
