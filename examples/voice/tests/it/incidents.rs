//! The scenes of the day of trouble, as the judge sees them: nothing wrong before, the root and nobody else named, nothing wrong
//! behind. Ticks are short, so that a scene takes seconds.

use std::{cell::Cell, collections::BTreeSet, sync::Arc, time::Duration};

use bellwether::{
    Dependency,
    breaker::Outcome,
    dependency::{
        Failure, Health,
        cascade::{Cause, Root, Status, Verdict},
    },
};
use serde_json::Value;
use tokio::{
    sync::{Mutex, MutexGuard},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use voice::{guards::Guards, providers::llm::Key, release::Release, upstream::Fault};

use crate::demo::{Demo, demo_ticking};

const TICK: Duration = Duration::from_millis(200);
/// Customers who talk at the same time.
const PLACES: usize = 12;
/// Customers who pay, one of each plan; and one of three on trial.
const PAYING: &[i64] = &[1, 3, 4];
const ALL: &[i64] = &[1, 5, 3];
const PACE: Duration = Duration::from_millis(500);
/// How long anything may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// One service at a time: two of them on two cores would be each other's trouble.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A demo with customers who talk, and who do nothing else.
struct Busy {
    demo: Arc<Demo>,
    _talking: JoinSet<()>,
    _alone: MutexGuard<'static, ()>,
}

impl Busy {
    /// Once enough is known of what is normal, of so many calls of each.
    async fn new(customers: &'static [i64]) -> Self {
        let alone = ALONE.lock().await;
        let demo = Arc::new(demo_ticking(TICK).await);
        let mut talking = JoinSet::new();
        for place in 0..PLACES {
            let demo = Arc::clone(&demo);
            talking.spawn(async move {
                for customer in customers.iter().cycle().skip(place) {
                    // Who is turned away at once does not come back at once, or there would be more of them than ever.
                    tokio::join!(demo.turn(*customer), sleep(PACE));
                }
            });
        }
        let busy = Self { demo, _talking: talking, _alone: alone };
        let Guards { stt, llm, tts, orders, .. } = &busy.demo.guards;
        let enough = |of: &Dependency| {
            let seen = of.breaker().expect("it is guarded").snapshot();
            seen.outcome(Outcome::Success) >= 60
        };
        let began = Instant::now();
        let asked = |key: &Key| customers.iter().any(|customer| (customer % 5 == 0) == (*key == Key::Batch));
        let models = || Key::ALL.iter().filter(|key| asked(key)).all(|key| enough(&llm[*key as usize]));
        busy.until("what is normal to be known", |_| {
            began.elapsed() > 20 * TICK && [stt, tts, orders].into_iter().all(enough) && models()
        })
        .await;
        busy.calm().await;
        busy
    }

    /// Nothing is wrong for a while: a machine that does much else may have been slow.
    async fn calm(&self) {
        let since = Cell::new(Instant::now());
        self.until("nothing to be wrong", |verdict| {
            if verdict.status != Status::Healthy {
                since.set(Instant::now());
            }
            since.get().elapsed() > 4 * TICK
        })
        .await;
        assert_eq!(self.demo.bw.verdict().to_string(), "healthy");
        assert_eq!(self.health().await["incident"], Value::Null);
    }

    async fn until(&self, what: &str, mut so: impl FnMut(&Verdict) -> bool) -> Arc<Verdict> {
        let waiting = async {
            loop {
                let verdict = self.demo.bw.verdict();
                if so(&verdict) {
                    return verdict;
                }
                sleep(TICK / 8).await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}: {}", self.demo.bw.verdict()))
    }

    /// Plays a scene: who must be named, and in which way.
    async fn scene(&self, begin: impl FnOnce(&Demo), end: impl FnOnce(&Demo), root: &str, is: impl Fn(Cause) -> bool) {
        begin(&self.demo);
        let mut named = BTreeSet::new();
        let verdict = self
            .until(root, |verdict| {
                named.extend(verdict.root().map(|first| first.root.to_string()));
                // One window more, so that a second thought would be seen.
                verdict.incident.is_some_and(|incident| incident.windows >= 3) && verdict.root().is_some()
            })
            .await;
        let first = verdict.root().expect("it is named");
        assert!(first.root == Root::Node(root.into()) && is(first.cause), "{verdict}\n{:?}", verdict.suspects);
        assert_eq!(named, BTreeSet::from([root.to_owned()]), "no victim is named: {verdict}");
        self.is_shown(&verdict).await;

        end(&self.demo);
        self.calm().await;
    }

    async fn is_shown(&self, verdict: &Verdict) {
        let first = verdict.root().expect("it is named");
        let shown = &self.health().await["incident"];
        assert_eq!(shown["id"], verdict.incident.expect("it is open").id.to_string(), "{shown}");
        assert_eq!(shown["suspects"][0]["root"], first.root.to_string(), "{shown}");
        let page = self.demo.http.get(self.demo.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let suspect = format!("root=\"{}\"", first.root);
        let lines = page.lines().filter(|line| line.starts_with("dependency_incident_suspect"));
        assert!(lines.clone().any(|line| line.contains(&suspect)), "{:?}", lines.collect::<Vec<_>>());
        assert!(page.contains("dependency_incident{status=\"named\"} 1"), "{page}");
    }

    async fn health(&self) -> Value {
        self.demo.http.get(self.demo.url("/health")).send().await.unwrap().json().await.unwrap()
    }

    /// How each dependency is that is neither well nor unknown.
    fn unwell(&self) -> Vec<(String, Health)> {
        let entries = self.demo.bw.dependencies().report().entries;
        let unwell = entries.into_iter().filter(|entry| entry.status.health > Health::Up);
        unwell.map(|entry| (entry.dependency.name().to_owned(), entry.status.health)).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speech_to_text() {
    let busy = Busy::new(PAYING).await;
    let set = |fault| move |demo: &Demo| demo.upstreams.stt.set(fault);
    busy.scene(set(Fault::Slow(8.0)), set(Fault::None), "stt", |cause| cause == Cause::Slow).await;
    let failing = |cause| cause == Cause::Failing(Failure::Upstream);
    busy.scene(set(Fault::Errors(0.3)), set(Fault::None), "stt", failing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_model() {
    let busy = Busy::new(PAYING).await;
    let set = |fault| move |demo: &Demo| demo.upstreams.llm.set(fault);
    busy.scene(set(Fault::Slow(5.0)), set(Fault::None), "llm/primary", |cause| cause == Cause::Slow).await;
    let cut = |cause| matches!(cause, Cause::Failing(Failure::Connect | Failure::Decode));
    busy.scene(set(Fault::Cut(0.4)), set(Fault::None), "llm/primary", cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_and_a_death() {
    let busy = Busy::new(ALL).await;
    let set = |fault| move |demo: &Demo| demo.upstreams.llm.set(fault);
    let limited = set(Fault::QuotaOf(Key::Batch.as_str(), 1));
    busy.scene(limited, set(Fault::None), "llm/batch", |cause| cause == Cause::Throttled).await;
    let set = |fault| move |demo: &Demo| demo.upstreams.tts.set(fault);
    let dead = |cause| matches!(cause, Cause::Failing(Failure::Refused | Failure::Connect | Failure::Rejected));
    busy.scene(set(Fault::Down), set(Fault::None), "tts", dead).await;
    let unwell = busy.unwell();
    assert!(unwell.iter().all(|(name, _)| ["tts", "llm/batch"].contains(&&**name)), "{unwell:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_not_given_back() {
    let busy = Busy::new(PAYING).await;
    let deploy = |release| move |demo: &Demo| demo.app.deployment.deploy(release);
    let full = |cause| matches!(cause, Cause::Saturated | Cause::Leak);
    busy.scene(deploy(Release::Forgetful), deploy(Release::Good), "orders-pool", full).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_query() {
    let busy = Busy::new(PAYING).await;
    let deploy = |release| move |demo: &Demo| demo.app.deployment.deploy(release);
    busy.scene(deploy(Release::SlowRank), deploy(Release::Good), "orders-db", |cause| cause == Cause::Slow).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_of_our_own() {
    let busy = Busy::new(ALL).await;
    let deploy = |release| move |demo: &Demo| demo.app.deployment.deploy(release);
    let failing = |cause| matches!(cause, Cause::Failing(_));
    busy.scene(deploy(Release::WrongPrices), deploy(Release::Good), "POST /v1/turns", failing).await;
}
