//! The demo: starts the service and everything around it, and says where to look.
#![allow(clippy::print_stderr, reason = "a program that talks to whoever started it")]

use std::{
    env,
    fmt::Display,
    fs,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    panic,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use bellwether::{
    Bellwether, Config,
    slo::{Calendar, Unit},
};
use tokio::{net::TcpListener, signal, sync::oneshot, time::timeout};
use tower_http::catch_panic::CatchPanicLayer;
use voice::{
    api,
    app::App,
    args::{Args, HELP},
    calls::Calls,
    guards::Guards,
    providers::Providers,
    release::{Deployment, Release},
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
            say(HELP);
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
    let bw = front_door(&args)?;
    for notice in bw.notices() {
        say(&notice);
    }

    // The service.
    let listener = listen(args.port).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // Whoever is called is a dependency, with a breaker.
    let guards = Guards::new(&bw, args.seed).map_err(|error| error.to_string())?;
    let deployment = Deployment::default();
    let store = Store::open(&database_url()?, &guards, deployment.clone()).await?;
    let (providers, upstreams) = providers(args.seed, &bw, &guards)?;
    let app = App::new(store, providers, deployment);
    let router = api::router(app.clone())
        .layer(CatchPanicLayer::new())
        // Everything about requests: ids, traces, rates, errors, durations, the scope.
        .layer(bw.layer())
        // `/metrics`, `/livez`, `/readyz`, `/health`; not observed themselves.
        .merge(bw.router());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async {
            let _ = stopped.await;
        });
    let server = tokio::spawn(server.into_future());

    // What keeps it busy.
    welcome(address, &args, &bw, upstreams.is_some());
    let tally = Arc::new(Tally::default());
    let visitors = args.traffic.then(|| busy(&args, address, &app, upstreams.as_ref(), &tally)).transpose()?;

    // The end.
    interrupted().await;
    // Whoever sends requests is told first.
    bw.stopping();
    drop(visitors);
    if args.traffic {
        say(tally);
    }
    drop(stop);
    let finished = timeout(GRACE, server).await;
    say(bw.shutdown(GRACE).await);
    match finished {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("some requests did not finish within {} s", GRACE.as_secs())),
    }
}

/// Settings and objectives come from the demo's `bellwether.toml`, or from the file that is named instead, and from the
/// environment.
fn front_door(args: &Args) -> Result<Bellwether, String> {
    // Panics are counted and logged; the day of trouble has too many of them for a page each on the terminal.
    panic::set_hook(Box::new(|_| {}));
    let bw = Bellwether::builder("voice").version(Release::Good.version()).install_panic_hook();
    // A day takes minutes here, and trouble a quarter of one.
    let bw = bw.tick(Duration::from_secs(1)).settings(settings(args)?).queries().listener(Arc::new(Calls));
    let bw = args.history.iter().fold(bw, |bw, path| bw.history_file(path));
    #[cfg(any(feature = "log", feature = "otlp"))]
    let bw = bw.install_tracing();
    bw.start().map_err(|error| error.to_string())
}

fn settings(args: &Args) -> Result<Config, String> {
    let read = match &args.config {
        // One that is named has to be there.
        Some(path) if !path.exists() => return Err(format!("there is no file {}", path.display())),
        Some(path) => Config::read(path),
        None => Config::parse(include_str!("../bellwether.toml"), "bellwether.toml"),
    };
    read.map_err(|error| error.to_string())
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("port {port} is in use; --port 0 takes a free one"),
        _ => format!("cannot listen on port {port}: {error}"),
    })
}

/// `DATABASE_URL`, or a file of the demo's own.
fn database_url() -> Result<String, String> {
    if let Ok(url) = env::var("DATABASE_URL") {
        return Ok(url);
    }
    let folder = env::temp_dir().join("bellwether-voice");
    fs::create_dir_all(&folder).map_err(|error| {
        format!(
            "cannot make {} for the database: {error}; DATABASE_URL=sqlite:PATH puts it elsewhere",
            folder.display()
        )
    })?;
    Ok(format!("sqlite:{}", folder.join("voice.sqlite").display()))
}

/// The real providers if a key is given, otherwise servers on loopback, which end when they are dropped.
fn providers(seed: u64, bw: &Bellwether, guards: &Guards) -> Result<(Providers, Option<Upstreams>), String> {
    if let Some(real) = Providers::from_env(bw, guards)? {
        return Ok((real, None));
    }
    let upstreams = Upstreams::start(seed).map_err(|error| format!("cannot start the upstreams: {error}"))?;
    Ok((Providers::loopback(&upstreams, bw, guards)?, Some(upstreams)))
}

/// Traffic and trouble, on a thread of their own.
fn busy(
    args: &Args,
    target: SocketAddr,
    app: &App,
    upstreams: Option<&Upstreams>,
    tally: &Arc<Tally>,
) -> Result<Worker, String> {
    let Args { seed, day, days, quiet, .. } = *args;
    // Real providers cost money, and the visitors' audio is silence.
    let traffic = Traffic { target, seed, day, places: PLACES, turns: upstreams.is_some() };
    let stage = Stage::new(app.deployment.clone(), upstreams);
    let tell = move |line| {
        if !quiet {
            say(line);
        }
    };
    let tally = tally.clone();
    Worker::start("traffic", async move {
        let lively = async { tokio::join!(traffic.run(tally), stage.play(day, tell)) };
        match days {
            Some(days) => {
                let _ = timeout(day * days, lively).await;
                say("The traffic is over; the service stays. Ctrl-c ends it.");
            }
            None => drop(lively.await),
        }
    })
    .map_err(|error| format!("cannot start the traffic: {error}"))
}

fn welcome(address: SocketAddr, args: &Args, bw: &Bellwether, loopback: bool) {
    say(format_args!("metrics  http://{address}/metrics"));
    let objectives = bw.objectives();
    if !objectives.verdicts().is_empty() {
        let months = Calendar::new(Unit::Month, objectives.zone().clone());
        let month = months.name_of(months.at(bw.registry().clock().timestamp()));
        say(format_args!("promises http://{address}/api/slo"));
        say(format_args!("report   http://{address}/api/slo/report/{month}"));
    }
    say(format_args!("queries  http://{address}/api/v1/query?query=slo_good_ratio"));
    say(format_args!("a turn   curl -N -H 'x-customer: 3' --data-binary @FILE http://{address}/v1/turns"));
    say(format_args!("gRPC     {address}, voice.v1.Voice/Converse"));
    if !loopback {
        say("OPENAI_API_KEY is set: turns are real and cost money, so the built-in traffic makes none.");
    }
    if args.traffic {
        say(format_args!("Traffic flows; a day lasts {} s. Ctrl-c ends it.", args.day.as_secs()));
    }
}

/// A line for whoever started this, if they are still there.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Ctrl-c, or what a supervisor sends instead.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    let _ = signal::ctrl_c().await;
}
