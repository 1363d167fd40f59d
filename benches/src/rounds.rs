//! Figures of several rounds, in the order of their size.

/// All of them, the least first.
pub fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The median of sorted values.
pub fn middle(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

/// The median of sorted values, with the least and the most.
pub fn spread(sorted: &[f64]) -> String {
    format!("{:.3} ({:.2}..{:.2})", middle(sorted), sorted[0], sorted[sorted.len() - 1])
}
