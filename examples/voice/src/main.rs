//! The demo: starts the service and everything around it, and says where to look.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to whoever started it")]

use std::{env, fs, io, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, signal, time::timeout};
use tower_http::catch_panic::CatchPanicLayer;
use voice::{
    api,
    app::App,
    args::{Args, HELP},
    providers::Providers,
    store::Store,
    story::Stage,
    traffic::{Tally, Traffic},
    upstream::Upstreams,
    worker::Worker,
};

/// How long open requests may take to finish after ctrl-c.
const GRACE: Duration = Duration::from_secs(5);
/// Visitors at the same time.
const PLACES: usize = 64;

fn main() -> ExitCode {
    let args = match Args::parse(env::args_os().skip(1)) {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("voice: {error}; --help lists what there is");
            return ExitCode::from(2);
        }
    };
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("voice: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(args: Args) -> Result<(), String> {
    // The service.
    let listener = listen(args.port).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let store = Store::open(&database_url()?).await?;
    let (providers, upstreams) = providers(args.seed)?;
    let app = App::new(store, providers);
    let stage = Stage::new(app.deployment.clone(), upstreams.as_ref());
    let router = watched(api::router(app));
    welcome(address, upstreams.is_none());

    // What keeps it busy, on threads of their own.
    let _traffic = args.traffic.then(|| busy(&args, address, stage, upstreams.is_some())).transpose();

    let server = axum::serve(listener, router).with_graceful_shutdown(stop());
    ...
}
