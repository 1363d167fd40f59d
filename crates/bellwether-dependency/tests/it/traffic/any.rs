//! Any traffic: requests, calls, calls within calls, side by side, that outlive each other, read at any time.

use std::collections::HashMap;

use bellwether_core::{Outcome, Work};
use bellwether_dependency::{Dependency, Failure, Ongoing};
use proptest::prelude::*;

use super::model::{Model, Span, same};
use super::{Traffic, call, failed, work_of};

pub(crate) const ROUTES: usize = 2;
const DEPENDENCIES: usize = 3;
const CLASSES: [Failure; 6] = [
    Failure::Timeout,
    Failure::Upstream,
    Failure::RateLimited,
    Failure::BadRequest,
    Failure::Cancelled,
    Failure::Unknown,
];

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(u64),
    Request(usize),
    /// A call on behalf of one that is under way, or of nobody.
    Call {
        of: usize,
        to: usize,
    },
    /// One that is under way ends, well or not.
    End {
        which: usize,
        how: usize,
    },
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..2000_u64).prop_map(Step::Wait),
        2 => (0..ROUTES).prop_map(Step::Request),
        4 => (any::<usize>(), 0..DEPENDENCIES).prop_map(|(of, to)| Step::Call { of, to }),
        4 => (any::<usize>(), 0..9_usize).prop_map(|(which, how)| Step::End { which, how }),
        1 => Just(Step::Read),
    ];
    proptest::collection::vec(step, 0..120)
}

enum Handle {
    Request(Work),
    Call(Ongoing<'static>),
}

proptest! {
    #[test]
    fn is_counted_as_by_a_model_that_keeps_every_event(steps in steps()) {
        let mut traffic = Traffic::new();
        let names = ["GET /a", "GET /b", "stt", "llm", "tts"];
        let dependencies: Vec<Dependency> =
            names[ROUTES..].iter().map(|name| traffic.register(Dependency::http(name))).collect();
        let (mut model, mut span) = (Model::default(), Span::default());
        let mut open: HashMap<usize, Handle> = HashMap::new();
        for step in steps.into_iter().chain([Step::Read]) {
            match step {
                Step::Wait(n) => {
                    traffic.wait(n);
                    model.now += n;
                }
                Step::Request(route) => {
                    let work = traffic.request(["/a", "/b"][route]);
                    open.insert(model.begin(route, None), Handle::Request(work));
                }
                Step::Call { of, to } => {
                    // Also of one that is over: its calls have no caller any more.
                    let all = model.pieces.len() + 1;
                    let parent = Some(of % all).filter(|of| *of + 1 < all && model.is_under_way(*of));
                    let begun = match parent.map(|parent| match &open[&parent] {
                        Handle::Request(work) => *work,
                        Handle::Call(call) => work_of(call),
                    }) {
                        Some(work) => call(work, &dependencies[to]),
                        None => dependencies[to].operation("ask").begin_owned().unwrap(),
                    };
                    open.insert(model.begin(ROUTES + to, parent), Handle::Call(begun));
                }
                Step::End { which, how } => {
                    let mut keys: Vec<usize> = open.keys().copied().collect();
                    keys.sort_unstable();
                    let Some(piece) = keys.get(which % keys.len().max(1)) else { continue };
                    let class = CLASSES.get(how).copied();
                    match open.remove(piece).unwrap() {
                        Handle::Request(work) => {
                            let (outcome, error) = match class {
                                None => (Outcome::Success, ""),
                                Some(Failure::BadRequest) => (Outcome::ClientError, "400"),
                                Some(Failure::Cancelled) => (Outcome::Cancelled, ""),
                                Some(Failure::Timeout) => (Outcome::Failure, "504"),
                                Some(Failure::RateLimited) => (Outcome::Throttled, "429"),
                                Some(_) => (Outcome::Failure, "500"),
                            };
                            traffic.answer(work, outcome, error);
                            let own = class.map(|class| if class == Failure::Unknown { Failure::Upstream } else { class });
                            model.end(*piece, own);
                        }
                        Handle::Call(call) => {
                            call.end(class.and_then(failed));
                            model.end(*piece, class);
                        }
                    }
                }
                Step::Read => {
                    traffic.tick();
                    span = model.tick(span);
                    for (node, name) in names.iter().enumerate() {
                        if traffic.reader.graph().find(name).is_some() {
                            same(name, &traffic.node(name), &model.calls(node, span));
                        }
                        for (to, child) in names.iter().enumerate() {
                            let read = traffic.flow(name, child).unwrap_or_default();
                            let expect = model.flow(node, to, span);
                            prop_assert!((read.busy - expect.busy).abs() < 1e-9, "{name} {child}: {read:?} {expect:?}");
                            let counts = |flow: &bellwether_dependency::cascade::Flow| (flow.started, flow.failed, flow.cut);
                            prop_assert_eq!(counts(&read), counts(&expect), "{} {}", name, child);
                        }
                    }
                }
            }
        }
    }
}
