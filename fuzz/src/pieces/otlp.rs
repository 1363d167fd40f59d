//! The settings of OTLP without the pipeline around them: no client, no TLS, no runtime needs to be built here.

#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../../crates/bellwether-export/src/otlp/destination.rs"]
mod destination;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../../crates/bellwether-export/src/otlp/env/mod.rs"]
mod env;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../../crates/bellwether-export/src/otlp/error.rs"]
mod error;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../../crates/bellwether-export/src/otlp/sampling.rs"]
mod sampling;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../../crates/bellwether-export/src/otlp/settings.rs"]
mod settings;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../../crates/bellwether-export/src/otlp/signal.rs"]
mod signal;

/// Where the signals go; or why that is not known.
pub fn destinations(var: &dyn Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    let settings = settings::OtlpSettings::new().from_env(var).map_err(|error| error.to_string())?;
    assert!((0.0..=1.0).contains(&settings.sampling().of_new_traces()));
    let mut uris = Vec::new();
    for signal in signal::Signal::ALL {
        let to = settings.destination(signal).resolve(&settings.all, signal).map_err(|error| error.to_string())?;
        if let Some(to) = to {
            assert!(to.headers.len() <= 64 && to.headers.values().all(http::HeaderValue::is_sensitive));
            uris.push(to.uri.to_string());
        }
    }
    Ok(uris)
}
