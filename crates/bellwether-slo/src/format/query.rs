//! PromQL in specifications: whether it is PromQL, and what it counts when it asks for a rate over a window to be filled in.

use bellwether_promql::Expression;

/// Whether it is PromQL; otherwise, what is wrong.
pub(super) fn check(text: &str) -> Result<(), String> {
    text.parse::<Expression>().map(drop).map_err(|error| {
        // That of a regular expression draws a picture.
        let said = error.to_string();
        said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
    })
}

/// The query for a window of this length, where it leaves a place for one (`{{.window}}`).
pub(super) fn over(text: &str, window: &str) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, length)) = place(rest) {
        let (kept, after) = (rest.get(..before).unwrap_or_default(), rest.get(before + length..).unwrap_or_default());
        filled.push_str(kept);
        filled.push_str(window);
        rest = after;
    }
    filled + rest
}

/// Whether it leaves a place for a window.
pub(super) fn leaves_window(text: &str) -> bool {
    place(text).is_some()
}

/// Where the first place for a window begins, and its length.
fn place(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find("{{")?;
        let end = start + text.get(start..)?.find("}}")?;
        if text.get(start + 2..end)?.trim() == ".window" {
            return Some((start, end + 2 - start));
        }
        from = start + 2;
    }
}

/// The running total of the events whose rate a query asks for: `sum(requests_total)` of
/// `sum(rate(requests_total[{{.window}}]))`, the rates of sums being sums of rates.
///
/// `None` where the query is more than sums and differences of `rate` and `increase`: a ratio, an average, a count of what
/// is above something.
pub(super) fn running_total(text: &str) -> Option<String> {
    let filled = over(text, "5m");
    check(&filled).ok()?;
    let words = Words::of(&filled)?;
    let (mut total, mut at) = (Vec::new(), 0);
    while let Some(word) = words.0.get(at) {
        match *word {
            "rate" | "increase" => {
                let (selector, next) = words.ranged(at + 1)?;
                total.push(selector);
                at = next;
                continue;
            }
            "sum" | "by" | "without" | "on" | "or" | "(" | ")" | "+" | "-" | "," => total.push((*word).to_owned()),
            // `or vector(0)`: no series are no events.
            "vector" if words.0.get(at + 1..at + 4) == Some(&["(", "0", ")"]) => {
                total.push("vector(0)".to_owned());
                at += 4;
                continue;
            }
            // A label in `by (…)`. A series by itself would be counted, too, but it was not a rate.
            label if words.in_grouping(at) => total.push(label.to_owned()),
            _ => return None,
        }
        at += 1;
    }
    let total: Expression = total.join(" ").parse().ok()?;
    Some(total.to_string())
}

/// A query cut into names, signs, selectors' braces and ranges; strings are whole.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (mut words, mut rest) = (Vec::new(), text.trim_start());
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '{' => braced(rest, '}')?,
                '[' => braced(rest, ']')?,
                '#' => {
                    rest = rest.get(rest.find('\n').unwrap_or(rest.len())..)?.trim_start();
                    continue;
                }
                c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                c => c.len_utf8(),
            };
            let (word, after) = rest.split_at_checked(length)?;
            words.push(word);
            rest = after.trim_start();
        }
        Some(Self(words))
    }

    /// The selector of `(selector[5m])`, and where it goes on.
    fn ranged(&self, at: usize) -> Option<(String, usize)> {
        let close = at + self.0.get(at..)?.iter().position(|word| *word == ")")?;
        match self.0.get(at..=close)? {
            ["(", selector @ .., range, ")"] if range.starts_with('[') && !range.contains(':') => {
                let is_part = |word: &&str| word.starts_with('{') || word.chars().all(is_word);
                selector.iter().all(is_part).then(|| (selector.concat(), close + 1))
            }
            _ => None,
        }
    }

    /// Whether a word stands in brackets behind `by`, `without` or `on`.
    fn in_grouping(&self, at: usize) -> bool {
        let before = self.0.get(..at).unwrap_or_default();
        let open = before.iter().rposition(|word| *word == "(" || *word == ")");
        open.is_some_and(|open| {
            before.get(open) == Some(&"(")
                && open > 0
                && matches!(before.get(open - 1), Some(&("by" | "without" | "on")))
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.'
}

/// The length of what is in brackets, whose strings may have others.
fn braced(text: &str, close: char) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, c) if c == close => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}
