//! Any graph and any windows: nothing panics, no figure is nonsense, and the order of nodes does not matter.

use std::time::Duration;

use bellwether_core::Instant;
use bellwether_dependency::cascade::{Failure, Graph, Judge, Kind, Method, NodeId, Relation, Verdict, Window};
use proptest::prelude::*;

const KINDS: [Kind; 5] = [Kind::Route, Kind::Dependency, Kind::Dependency, Kind::Pool, Kind::Breaker];
const METHODS: [Method; 4] = [Method::Full, Method::WithoutOnset, Method::WithoutRules, Method::Correlation];

/// A number as a broken source may give it.
fn seconds() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..20.0f64, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(1e300)]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..200u64, 1 => Just(u64::MAX)]
}

/// The figures of one node or edge, from which both are filled.
type Figures = (u64, u64, u64, u64, f64, f64, u64, usize);

fn figures() -> impl Strategy<Value = Figures> {
    (count(), count(), count(), count(), seconds(), seconds(), 0..5000u64, 0..Failure::ALL.len())
}

/// Kinds of the nodes, pairs for the edges, and figures for each in each of some windows.
#[derive(Debug, Clone)]
struct Case {
    kinds: Vec<usize>,
    edges: Vec<(usize, usize)>,
    windows: Vec<(Vec<Figures>, Vec<Figures>, f64, u64)>,
}

fn case() -> impl Strategy<Value = Case> {
    (1..8usize, 0..14usize, 1..12usize).prop_flat_map(|(nodes, edges, windows)| {
        let window = (
            prop::collection::vec(figures(), nodes),
            prop::collection::vec(figures(), edges),
            seconds(),
            prop_oneof![0..10_000u64, Just(u64::MAX)],
        );
        (
            prop::collection::vec(0..KINDS.len(), nodes),
            prop::collection::vec((0..nodes, 0..nodes), edges),
            prop::collection::vec(window, windows),
        )
            .prop_map(|(kinds, edges, windows)| Case { kinds, edges, windows })
    })
}

/// Builds the graph with its nodes in the given order, and runs the windows through a judge.
fn verdicts(case: &Case, order: &[usize], method: Method) -> Vec<Verdict> {
    let mut graph = Graph::default();
    let mut ids: Vec<Option<NodeId>> = vec![None; case.kinds.len()];
    for node in order {
        ids[*node] = graph.node(&format!("node-{node}"), KINDS[case.kinds[*node]]).ok();
    }
    let ids: Vec<NodeId> = ids.into_iter().flatten().collect();
    let relation = |to: usize| if KINDS[case.kinds[to]].is_resource() { Relation::Shares } else { Relation::Observed };
    let edges: Vec<_> = (case.edges.iter())
        .map(|(from, to)| graph.edge(ids[*from], ids[*to], relation(*to)).expect("the graph is small"))
        .collect();
    let mut judge = Judge::new(method);
    let mut now = Instant::default();
    let mut verdicts = Vec::new();
    for (nodes, flows, length, step) in &case.windows {
        let length = Duration::try_from_secs_f64(*length).unwrap_or_default();
        let mut window = Window::new(&graph, length);
        for (id, (started, ended, attempts, failed, busy, own, ms, class)) in ids.iter().zip(nodes) {
            let calls = window.node(*id).expect("the window fits");
            (calls.started, calls.ended, calls.attempts, calls.misses) = (*started, *ended, *attempts, *failed);
            (calls.busy, calls.own_busy, calls.capacity, calls.lost_in) = (*busy, *own, *attempts, *ms as u16);
            calls.failed[Failure::ALL[*class]] = *failed;
            calls.attempts_failed[Failure::ALL[*class]] = *failed;
            calls.own[Failure::ALL[*class]] = *failed / 2;
            calls.latency.record(Duration::from_millis(*ms));
            calls.ages.record(Duration::from_millis(*ms));
            calls.own_time.record(Duration::from_millis(*ms));
        }
        for (id, (started, _, cut, failed, busy, held, ..)) in edges.iter().zip(flows) {
            let flow = window.edge(*id).expect("the window fits");
            (flow.started, flow.failed, flow.cut, flow.busy, flow.held) = (*started, *failed, *cut, *busy, *held);
        }
        (window.process.lag, window.process.throttled) = (nodes[0].4, nodes[0].4);
        now = if *step == u64::MAX { Instant::from_nanos(1) } else { now.after(Duration::from_millis(*step)) };
        verdicts.push(judge.tick(&graph, &window, now));
    }
    verdicts
}

fn is_share(x: f64) -> bool {
    (0.0..=1.0).contains(&x)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_comes_in_something_sensible_comes_out(case in case()) {
        let order: Vec<usize> = (0..case.kinds.len()).collect();
        for method in METHODS {
            for verdict in verdicts(&case, &order, method) {
                prop_assert!(is_share(verdict.lost), "{verdict:?}");
                prop_assert!(verdict.suspects.len() <= 3);
                for suspect in &verdict.suspects {
                    prop_assert!(is_share(suspect.score) && is_share(suspect.lost), "{suspect:?}");
                    prop_assert!(!suspect.path.is_empty() && !suspect.evidence.is_empty());
                }
                prop_assert!(!verdict.to_string().contains("NaN") && !verdict.to_string().contains('\n'));
            }
        }
    }

    #[test]
    fn the_order_of_nodes_does_not_matter(case in case(), seed in any::<u64>()) {
        let mut order: Vec<usize> = (0..case.kinds.len()).collect();
        let expected = verdicts(&case, &order, Method::Full);
        order.sort_by_key(|node| (*node as u64 + 1).wrapping_mul(seed | 1));
        prop_assert_eq!(verdicts(&case, &order, Method::Full), expected);
    }

    #[test]
    fn an_incident_keeps_its_id_and_ends_after_three_healthy_windows(case in case()) {
        let order: Vec<usize> = (0..case.kinds.len()).collect();
        let incidents: Vec<_> = verdicts(&case, &order, Method::Full).into_iter().map(|v| v.incident).collect();
        for pair in incidents.windows(2) {
            if let [Some(before), Some(after)] = pair {
                prop_assert_eq!(before.id, after.id);
                prop_assert!(after.windows == before.windows + 1 || before == after);
            }
        }
        let mut calm = case.clone();
        for _ in 0..3 {
            let well = (100, 100, 100, 0, 0.1, 0.1, 1, 0);
            calm.windows.push((vec![well; case.kinds.len()], vec![(100, 0, 0, 0, 0.0, 0.0, 0, 0); case.edges.len()], 5.0, 5000));
        }
        let last = verdicts(&calm, &order, Method::Full).pop();
        prop_assert!(last.is_some_and(|verdict| verdict.incident.is_none()));
    }
}
