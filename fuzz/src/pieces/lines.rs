//! An environment in lines: `END=value` sets every variable whose name ends so.

/// The value of a variable.
pub fn variable(text: &str, name: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.filter(|(end, _)| !end.is_empty() && name.ends_with(end)).map(|(_, value)| value.to_owned()).next()
}
