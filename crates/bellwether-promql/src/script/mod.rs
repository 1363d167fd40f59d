//! Test scripts for expressions, in the format of Prometheus's own: load series, evaluate, expect.
//!
//! A script says what series there are and what expressions over them come to:
//!
//! ```
//! use bellwether_promql::script;
//!
//! let report = script::run(r#"
//! load 1m
//!   requests_total{route="/"}     0+60x10
//!   requests_total{route="/cart"} 0+30x10
//!
//! eval instant at 10m sum(rate(requests_total[5m]))
//!   {} 1.5
//!
//! eval range from 0 to 2m step 1m requests_total{route="/"}
//!   requests_total{route="/"} 0 60 120
//!
//! eval instant at 0 rate(requests_total)
//!   expect fail regex: range vector
//! "#);
//! assert_eq!(report.passed(), 3);
//! assert_eq!(report.failures().count(), 0);
//! ```
//!
//! Commands begin a line, and their block ends with an empty one; `#` begins a line of comment.
//!
//! - `load STEP`, then series: `name{label="value"}` and values at 0, STEP, 2·STEP and so on: `1 2 3`, `1+2x3` (1, 3, 5,
//!   7), `1-2x3`, `5x2` (5, 5, 5), `_` and `_x3` (none), `stale`, and native histograms such as
//!   `{{schema:0 sum:5 count:4 buckets:[1 2 1] n_buckets:[..] offset:-1 z_bucket:1 z_bucket_w:0.1 custom_values:[..]
//!   counter_reset_hint:gauge}}`, which expand by `+`, `-` and `x` in the same way.
//! - `load_with_nhcb STEP` also makes native histograms with custom buckets of classic ones.
//! - `clear` forgets all series.
//! - `eval instant at TIME EXPRESSION` and `eval range from TIME to TIME step STEP EXPRESSION`, then what is expected: a
//!   series a line with its values, or one number for a scalar. Any of `expect fail`, `warn`, `no_warn`, `info`, `no_info`
//!   may go before, with `msg: TEXT` or `regex: PATTERN`, and `expect ordered`, `expect string "TEXT"`,
//!   `expect range vector from TIME to TIME step STEP`. The older `eval_fail`, `eval_warn`, `eval_info`, `eval_ordered`
//!   and `expected_fail_message` are understood, too.
//!
//! Floats may differ by a millionth. An instant evaluation is repeated as a range query around its time, which must
//! come to the same. Unlike Prometheus's runner, this one does not repeat it once more with `@` at other times; start
//! timestamps (`@st` lines) are read and ignored, since a storage here has none.

mod check;
mod eval;
mod histogram;
mod load;
mod read;
mod series;

use crate::{Engine, Options};

/// What came of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Each evaluation, in order; also each command that could not be read, as one that failed.
    pub evaluations: Vec<Evaluation>,
}

impl Report {
    /// How many evaluations came to what was expected.
    pub fn passed(&self) -> usize {
        self.evaluations.iter().filter(|evaluation| evaluation.failure.is_none()).count()
    }

    /// The evaluations that did not.
    pub fn failures(&self) -> impl Iterator<Item = &Evaluation> {
        self.evaluations.iter().filter(|evaluation| evaluation.failure.is_some())
    }
}

/// One evaluation of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The line of the command, from 1.
    pub line: usize,
    /// The expression, or the command if it could not be read.
    pub expression: String,
    /// What was expected and what came instead, if it failed.
    pub failure: Option<String>,
}

/// Runs a script against an engine with the options that Prometheus tests its own with: its defaults, but that metrics'
/// names go at the end of a query.
pub fn run(text: &str) -> Report {
    run_with(&Engine::new(Options { delayed_name_removal: true, ..Options::default() }), text)
}

/// Runs a script against an engine.
pub fn run_with(engine: &Engine, text: &str) -> Report {
    let mut report = Report::default();
    let mut storage = crate::MemoryStorage::new();
    for block in read::blocks(text) {
        let failure = match read::command(&block) {
            Ok(read::Command::Clear) => {
                storage = crate::MemoryStorage::new();
                continue;
            }
            Ok(read::Command::Load(load)) => {
                let Err(failure) = load.run(&mut storage) else { continue };
                Some(failure)
            }
            Ok(read::Command::Eval(eval)) => {
                let failure = eval.run(engine, &storage).err();
                report.evaluations.push(Evaluation { line: block.line, expression: eval.expression, failure });
                continue;
            }
            Err(failure) => Some(failure),
        };
        report.evaluations.push(Evaluation { line: block.line, expression: block.command.to_owned(), failure });
    }
    report
}
