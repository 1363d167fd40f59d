//! What really happened of late, to be read beside an incident of which nobody is guilty.

use std::collections::VecDeque;

use bellwether_dependency::cascade::{Verdict, Window};

use super::sim::Sim;

/// What happened on a quiet day, and its last windows.
#[derive(Debug, Default)]
pub(crate) struct Past {
    events: Vec<(f64, f64, String)>,
    windows: VecDeque<Window>,
}

/// How many windows are remembered, and for how many seconds what happened is told.
const WINDOWS: usize = 8;
const TOLD: f64 = 40.0;

impl Past {
    /// Something happened from then until then.
    pub(crate) fn happened(&mut self, (from, until): (f64, f64), what: String) {
        self.events.push((from, until, what));
    }

    pub(crate) fn saw(&mut self, window: &Window) {
        self.windows.push_back(window.clone());
        if self.windows.len() > WINDOWS {
            self.windows.pop_front();
        }
    }

    /// What happened, and what was counted of all that ails, the newest window last.
    pub(crate) fn print(&mut self, at: f64, sim: &Sim, verdict: &Verdict) {
        for (from, until, what) in self.events.iter().filter(|event| event.1 > at - TOLD && event.0 < at) {
            eprintln!("    {from:.1} for {:.2} s: {what}", until - from);
        }
        for name in &verdict.ailing {
            eprintln!("    {name}");
            let Some(id) = sim.graph.find(name) else { continue };
            for calls in self.windows.iter_mut().filter_map(|window| window.node(id)) {
                let ms = |q| calls.latency.quantile(q).unwrap_or(0.0) * 1e3;
                eprintln!(
                    "      {:>4} ended, {:>4} of {:>4} attempts lost, {:>4} its own, in {:010b}; {:.0} ms, 95 % {:.0} ms",
                    calls.ended,
                    calls.attempts_failed.lost(),
                    calls.attempts,
                    calls.own.lost(),
                    calls.lost_in,
                    ms(0.5),
                    ms(0.95)
                );
            }
        }
    }
}
