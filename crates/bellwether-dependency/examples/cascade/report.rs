//! How the judges did: tables by scenario, what was confused with what, and one line in the end.

use std::collections::BTreeMap;

use bellwether_dependency::cascade::{Loop, Verdict};

use super::fault::Scenario;
use super::run::{METHODS, Outcome};
use super::world::Shape;

const WORDS: [&str; 10] =
    ["root", "victim", "other", "pool", "process", "network", "callers", "load", "unknown", "nothing"];

/// Hits of how many.
#[derive(Debug, Clone, Copy, Default)]
struct Of {
    hits: u64,
    n: u64,
}

impl Of {
    fn add(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.n += 1;
    }

    fn share(self) -> f64 {
        if self.n == 0 { f64::NAN } else { self.hits as f64 / self.n as f64 }
    }

    /// The 95 % Wilson interval.
    fn interval(self) -> (f64, f64) {
        if self.n == 0 {
            return (0.0, 1.0);
        }
        let (n, p, z2) = (self.n as f64, self.share(), 1.96f64 * 1.96);
        let spread = 1.96 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let center = p + z2 / (2.0 * n);
        ((center - spread) / (1.0 + z2 / n), (center + spread) / (1.0 + z2 / n))
    }
}

/// One row of the table: how the full judge did in one scenario.
#[derive(Debug, Clone, Default)]
struct Row {
    first: Of,
    three: Of,
    settled: Of,
    unknown: Of,
    opened_undue: u64,
    windows: Vec<f64>,
    closed_after: Vec<f64>,
    words: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Method {
    first: Of,
    three: Of,
    named_right: Of,
}

/// Everything that was found out.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: BTreeMap<Scenario, Row>,
    methods: [Method; 4],
    naive: [Of; 3],
    precision: Of,
    inverted: Of,
    one_id: Of,
    loops: Of,
    undue_loops: Of,
    false_alarms: u64,
    normal_days: f64,
    quiet: (u64, f64),
}

impl Report {
    pub(crate) fn add(&mut self, shape: Shape, seed: u64, outcome: Outcome) {
        let Outcome { scenario, truth, due, persists, judged, naive, normal_seconds } = outcome;
        let full = &judged[0];
        let row = self.rows.entry(scenario).or_default();
        self.normal_days += normal_seconds / 86_400.0;
        self.false_alarms += full.false_alarms;
        self.one_id.add(full.one_id);
        if let Some(verdict) = &full.opening {
            // An incident that names nobody blames nobody; one that is opened for nothing is wrong whoever it names.
            if verdict.root().is_some() {
                self.precision.add(truth.is_named_by(verdict));
                self.inverted.add(truth.word(Some(verdict)) == "victim");
            }
            row.unknown.add(verdict.root().is_none());
        }
        (0..full.false_alarms).for_each(|_| self.precision.add(false));
        match scenario {
            Scenario::RetryStorm if persists => self.loops.add(full.metastable == Some(Loop::Retry)),
            Scenario::ColdCache if persists => self.loops.add(full.metastable == Some(Loop::ColdCache)),
            _ => self.undue_loops.add(full.metastable.is_some()),
        }
        let trace = std::env::var_os("CASCADE_TRACE").is_some();
        if !due {
            row.opened_undue += u64::from(full.opening.is_some());
            if let Some(verdict) = full.opening.as_ref().filter(|_| trace) {
                eprintln!("{scenario:?} {shape:?} {seed}: undue {verdict}");
            }
            return;
        }
        let first = |verdict: &Verdict| truth.is_named_by(verdict);
        let three = |verdict: &Verdict| truth.is_among(verdict);
        let judge = |verdict: &Option<Verdict>, ask: &dyn Fn(&Verdict) -> bool| verdict.as_ref().is_some_and(ask);
        row.first.add(judge(&full.opening, &first));
        row.three.add(judge(&full.opening, &three));
        row.settled.add(judge(&full.settled, &first));
        row.windows.push(full.windows.unwrap_or(f64::INFINITY));
        row.closed_after.extend(full.closed_after);
        *row.words.entry(truth.word(full.opening.as_ref())).or_default() += 1;
        let missed = !judge(&full.opening, &first) || !judge(&full.opening, &three);
        if trace && (missed || full.windows.is_none_or(|windows| windows > 3.0)) {
            eprintln!("{scenario:?} {shape:?} {seed}: {:?} windows, truth {:?}", full.windows, truth.roots);
            for suspect in full.opening.iter().flat_map(|verdict| &verdict.suspects) {
                eprintln!(
                    "    {} {} {:.2} {:?} {:?}",
                    suspect.root, suspect.cause, suspect.score, suspect.path, suspect.evidence
                );
            }
            if let Some(verdict) = &full.opening {
                eprintln!("    {:?} ailing {:?}", verdict.status, verdict.ailing);
            }
        }
        for (sum, this) in self.methods.iter_mut().zip(&judged) {
            sum.first.add(judge(&this.opening, &first));
            sum.three.add(judge(&this.opening, &three));
            if this.opening.as_ref().is_some_and(|verdict| verdict.root().is_some()) {
                sum.named_right.add(judge(&this.opening, &first));
            }
        }
        for (sum, root) in self.naive.iter_mut().zip(naive) {
            sum.add(root.is_some_and(|root| truth.roots.contains(&root)));
        }
    }

    pub(crate) fn quiet(&mut self, (incidents, days): (u64, f64)) {
        self.quiet = (self.quiet.0 + incidents, self.quiet.1 + days);
        (0..incidents).for_each(|_| self.precision.add(false));
    }

    /// The table of scenarios, and how often somebody was named who is not to blame.
    pub(crate) fn print_further(&self) {
        self.print_rows();
        println!("precision {}, {} incidents where all is as usual\n", interval(self.precision), self.false_alarms);
    }

    pub(crate) fn print(&self) {
        self.print_rows();
        println!(
            "\nwhat was named at the opening\n{:<20} {}",
            "scenario",
            WORDS.map(|word| format!("{word:>8}")).join("")
        );
        for (scenario, row) in &self.rows {
            let counts = WORDS.map(|word| format!("{:>8}", row.words.get(word).copied().unwrap_or(0)));
            println!("{:<20} {}", format!("{scenario:?}"), counts.join(""));
        }
        println!("\n{:<44} {:>6} {:>6} {:>10}", "method", "AC@1", "AC@3", "precision");
        for (method, name) in self.methods.iter().zip(METHODS.map(|method| format!("{method:?}"))) {
            let (first, three) = (method.first.share(), method.three.share());
            println!("{name:<44} {first:>6.3} {three:>6.3} {:>10.3}", method.named_right.share());
        }
        for (of, name) in self.naive.iter().zip([
            "naive: the deepest node that errs",
            "naive: the highest failure ratio",
            "naive: any that ails",
        ]) {
            println!("{name:<44} {:>6.3}", of.share());
        }
        let unknown = self
            .rows
            .values()
            .fold(Of::default(), |sum, row| Of { hits: sum.hits + row.unknown.hits, n: sum.n + row.unknown.n });
        println!("\nprecision               {}", interval(self.precision));
        println!("inversion (a victim is named)  {}", interval(self.inverted));
        println!("unknown at the opening  {}", interval(unknown));
        println!("incidents with one id   {}", interval(self.one_id));
        println!("loops suspected that go on after the trigger is gone  {}", interval(self.loops));
        println!("loops suspected where nothing goes on                 {}", interval(self.undue_loops));
        println!(
            "false incidents: {} in {:.1} quiet days, {} in {:.2} days before or after faults",
            self.quiet.0, self.quiet.1, self.false_alarms, self.normal_days
        );
        let windows_but = |left_out: Option<Scenario>| -> Vec<f64> {
            let rows = self.rows.iter().filter(|(scenario, _)| left_out != Some(**scenario));
            rows.flat_map(|(_, row)| row.windows.iter().copied()).collect()
        };
        let windows = windows_but(None);
        println!("p95 windows without LowTraffic: {}", quantile(&windows_but(Some(Scenario::LowTraffic)), 0.95));
        let full = self.methods[0];
        println!(
            "AC@1={:.3} AC@3={:.3} precision={:.3} false_per_day={:.3} p95_windows={}",
            full.first.share(),
            full.three.share(),
            self.precision.share(),
            (self.quiet.0 + self.false_alarms) as f64 / (self.quiet.1 + self.normal_days),
            quantile(&windows, 0.95)
        );
    }

    fn print_rows(&self) {
        println!(
            "{:<20} {:>4}  {:<20} {:<20} {:>8} {:>8} {:>5} {:>5} {:>6} {:>6}",
            "scenario", "runs", "AC@1 (95 %)", "AC@3 (95 %)", "settled", "unknown", "p50", "p95", "closed", "undue"
        );
        for (scenario, row) in &self.rows {
            println!(
                "{:<20} {:>4}  {:<20} {:<20} {:>8.2} {:>8.2} {:>5} {:>5} {:>6} {:>6}",
                format!("{scenario:?}"),
                row.first.n,
                interval(row.first),
                interval(row.three),
                row.settled.share(),
                row.unknown.share(),
                quantile(&row.windows, 0.5),
                quantile(&row.windows, 0.95),
                quantile(&row.closed_after, 0.95),
                row.opened_undue
            );
        }
    }
}

/// A share and its 95 % interval.
fn interval(of: Of) -> String {
    format!("{:.2} ({:.2}-{:.2})", of.share(), of.interval().0, of.interval().1)
}

/// The smallest value that so many are not above; infinite if it was not reached at all.
fn quantile(values: &[f64], q: f64) -> String {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = (q * values.len() as f64).ceil() as usize;
    match values.get(at.saturating_sub(1)) {
        Some(value) if value.is_finite() => format!("{value:.0}"),
        Some(_) => "inf".to_owned(),
        None => "-".to_owned(),
    }
}
