//! What every request handler is given: the database, the providers and the release that is running.

use std::sync::Arc;

use crate::{providers::Providers, release::Deployment, store::Store};

/// The service's shared parts; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// Customers and orders.
    pub store: Store,
    /// Speech to text, the language model, text to speech.
    pub providers: Arc<Providers>,
    /// Which release runs; the day of trouble deploys bad ones.
    pub deployment: Deployment,
}

impl App {
    /// An app on this release.
    pub fn new(store: Store, providers: Providers, deployment: Deployment) -> Self {
        Self { store, providers: Arc::new(providers), deployment }
    }
}
