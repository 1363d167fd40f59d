//! The functions of the language: one row each, with what they take and give.

use super::ast::Type::{self, Matrix, Scalar, String, Vector};

/// A function as the parser knows it.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) args: &'static [Type],
    /// How many of the arguments may be left out.
    pub(crate) optional: usize,
    /// How many more of the last kind may follow; `usize::MAX` is any number.
    pub(crate) more: usize,
    pub(crate) returns: Type,
}

const fn row(name: &'static str, args: &'static [Type], returns: Type) -> Function {
    Function { name, args, optional: 0, more: 0, returns }
}

const fn optional(name: &'static str, args: &'static [Type], returns: Type) -> Function {
    Function { name, args, optional: 1, more: 0, returns }
}

const fn variadic(name: &'static str, args: &'static [Type], more: usize) -> Function {
    Function { name, args, optional: 1, more, returns: Vector }
}

pub(crate) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok().map(|at| &FUNCTIONS[at])
}

/// In order of their names.
static FUNCTIONS: &[Function] = &[
    row("abs", &[Vector], Vector),
    row("absent", &[Vector], Vector),
    row("absent_over_time", &[Matrix], Vector),
    row("acos", &[Vector], Vector),
    row("acosh", &[Vector], Vector),
    row("asin", &[Vector], Vector),
    row("asinh", &[Vector], Vector),
    row("atan", &[Vector], Vector),
    row("atanh", &[Vector], Vector),
    row("avg_over_time", &[Matrix], Vector),
    row("ceil", &[Vector], Vector),
    row("changes", &[Matrix], Vector),
    row("clamp", &[Vector, Scalar, Scalar], Vector),
    row("clamp_max", &[Vector, Scalar], Vector),
    row("clamp_min", &[Vector, Scalar], Vector),
    row("cos", &[Vector], Vector),
    row("cosh", &[Vector], Vector),
    row("count_over_time", &[Matrix], Vector),
    optional("day_of_month", &[Vector], Vector),
    optional("day_of_week", &[Vector], Vector),
    optional("day_of_year", &[Vector], Vector),
    optional("days_in_month", &[Vector], Vector),
    row("deg", &[Vector], Vector),
    row("delta", &[Matrix], Vector),
    row("deriv", &[Matrix], Vector),
    row("double_exponential_smoothing", &[Matrix, Scalar, Scalar], Vector),
    row("end", &[], Scalar),
    row("exp", &[Vector], Vector),
    row("first_over_time", &[Matrix], Vector),
    row("floor", &[Vector], Vector),
    row("histogram_avg", &[Vector], Vector),
    row("histogram_count", &[Vector], Vector),
    row("histogram_fraction", &[Scalar, Scalar, Vector], Vector),
    row("histogram_quantile", &[Scalar, Vector], Vector),
    Function { optional: 0, ..variadic("histogram_quantiles", &[Vector, String, Scalar], 9) },
    row("histogram_stddev", &[Vector], Vector),
    row("histogram_stdvar", &[Vector], Vector),
    row("histogram_sum", &[Vector], Vector),
    optional("hour", &[Vector], Vector),
    row("idelta", &[Matrix], Vector),
    row("increase", &[Matrix], Vector),
    optional("info", &[Vector, Vector], Vector),
    row("irate", &[Matrix], Vector),
    variadic("label_join", &[Vector, String, String, String], usize::MAX),
    row("label_replace", &[Vector, String, String, String, String], Vector),
    row("last_over_time", &[Matrix], Vector),
    row("ln", &[Vector], Vector),
    row("log10", &[Vector], Vector),
    row("log2", &[Vector], Vector),
    row("mad_over_time", &[Matrix], Vector),
    row("max_of", &[Scalar, Scalar], Scalar),
    row("max_over_time", &[Matrix], Vector),
    row("min_of", &[Scalar, Scalar], Scalar),
    row("min_over_time", &[Matrix], Vector),
    optional("minute", &[Vector], Vector),
    optional("month", &[Vector], Vector),
    row("pi", &[], Scalar),
    row("predict_linear", &[Matrix, Scalar], Vector),
    row("present_over_time", &[Matrix], Vector),
    row("quantile_over_time", &[Scalar, Matrix], Vector),
    row("rad", &[Vector], Vector),
    row("range", &[], Scalar),
    row("rate", &[Matrix], Vector),
    row("resets", &[Matrix], Vector),
    optional("round", &[Vector, Scalar], Vector),
    row("scalar", &[Vector], Scalar),
    row("sgn", &[Vector], Vector),
    row("sin", &[Vector], Vector),
    row("sinh", &[Vector], Vector),
    row("sort", &[Vector], Vector),
    variadic("sort_by_label", &[Vector, String], usize::MAX),
    variadic("sort_by_label_desc", &[Vector, String], usize::MAX),
    row("sort_desc", &[Vector], Vector),
    row("sqrt", &[Vector], Vector),
    row("start", &[], Scalar),
    row("stddev_over_time", &[Matrix], Vector),
    row("stdvar_over_time", &[Matrix], Vector),
    row("step", &[], Scalar),
    row("sum_over_time", &[Matrix], Vector),
    row("tan", &[Vector], Vector),
    row("tanh", &[Vector], Vector),
    row("time", &[], Scalar),
    row("timestamp", &[Vector], Vector),
    row("ts_of_first_over_time", &[Matrix], Vector),
    row("ts_of_last_over_time", &[Matrix], Vector),
    row("ts_of_max_over_time", &[Matrix], Vector),
    row("ts_of_min_over_time", &[Matrix], Vector),
    row("vector", &[Scalar], Vector),
    optional("year", &[Vector], Vector),
];
