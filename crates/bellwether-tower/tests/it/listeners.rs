//! Listeners are asked before they are told, and what they do not want is not described to them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bellwether_core::{OnEnd, Operation, Outcome, Registry};
use bellwether_tower::ObserveLayer;
use http::{Request, StatusCode};
use tower::ServiceExt;

/// Wants failures only, and notes what it was asked and told.
#[derive(Default)]
struct Picky {
    asked: Mutex<Vec<String>>,
    told: Mutex<Vec<String>>,
}

fn note(notes: &Mutex<Vec<String>>, operation: &Operation<'_>) {
    let Operation { name, outcome, route, attributes, .. } = operation;
    notes.lock().unwrap().push(format!("{name:?} {} {outcome} {}", route.unwrap_or("-"), attributes.len()));
}

impl OnEnd for Picky {
    fn ended(&self, operation: &Operation<'_>) {
        note(&self.told, operation);
    }

    fn wants(&self, operation: &Operation<'_>) -> bool {
        note(&self.asked, operation);
        operation.outcome == Outcome::Failure
    }
}

/// Hears of everything.
#[derive(Default)]
struct Eager(Mutex<Vec<String>>);

impl OnEnd for Eager {
    fn ended(&self, operation: &Operation<'_>) {
        note(&self.0, operation);
    }
}

async fn ask(listeners: &[Arc<dyn OnEnd>]) {
    let registry = Registry::new();
    let layer = listeners.iter().cloned().fold(ObserveLayer::builder(&registry), |layer, l| layer.listener(l));
    let app = Router::new()
        .route("/good", get(async || "hello"))
        .route("/bad", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(layer.build().unwrap());
    for path in ["/good", "/bad"] {
        let answer = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_wants_it() {
    let picky = Arc::new(Picky::default());
    ask(&[Arc::<Picky>::clone(&picky)]).await;
    let asked = picky.asked.lock().unwrap();
    assert_eq!(asked[..2], [r#""" /good success 0"#, r#""" /bad failure 0"#], "nothing is made up for a question");
    assert_eq!(*picky.told.lock().unwrap(), [r#""GET /bad" /bad failure 6"#]);
}

#[tokio::test]
async fn somebody_else_wants_it() {
    let (picky, eager) = (Arc::new(Picky::default()), Arc::new(Eager::default()));
    ask(&[Arc::<Picky>::clone(&picky), Arc::<Eager>::clone(&eager)]).await;
    assert_eq!(*picky.told.lock().unwrap(), [r#""GET /bad" /bad failure 6"#]);
    let all = [r#""GET /good" /good success 6"#, r#""GET /bad" /bad failure 6"#];
    assert_eq!(*eager.0.lock().unwrap(), all);
}
