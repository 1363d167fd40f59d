//! What somebody probably meant by a word that is not known.

/// The known word that is nearest, if it is near: at most two letters added, left out, changed or swapped, and not more
/// than a third of the word. For what is said about settings.
///
/// ```
/// use bellwether_core::nearest;
///
/// assert_eq!(nearest("tikc", ["tick", "listen"]), Some("tick"));
/// assert_eq!(nearest("port", ["tick", "listen"]), None);
/// ```
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |(distance, known): &(usize, &str)| *distance <= 2.min(known.chars().count().div_ceil(3));
    if word.len() > 64 {
        return None;
    }
    known.into_iter().map(|known| (distance(word, known), known)).min().filter(near).map(|(_, known)| known)
}

/// How many single letters are to be added, left out, changed, or swapped with the next, to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) =
        (from.to_lowercase().chars().collect(), to.to_lowercase().chars().collect());
    let mut rows = [vec![0; to.len() + 1], (0..=to.len()).collect(), vec![0; to.len() + 1]];
    for (i, a) in from.iter().enumerate() {
        let [before, last, row] = &mut rows;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            row[j + 1] = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from[i - 1] == *b && *a == to[j - 1] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        rows.rotate_left(1);
    }
    rows[1][to.len()]
}

#[cfg(test)]
mod tests;
