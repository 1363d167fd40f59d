//! OpenTelemetry's environment variables, each refused by name if its value is not accepted.
//!
//! Source: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/> and
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>. Where those say "warn and ignore", this refuses: a typo
//! in a deployment should not be found by missing data.

mod headers;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::time::Duration;

use super::destination::{self, Compression, Destination, Protocol};
use super::error::Error;
use super::sampling::Sampling;
use super::settings::{Histograms, OtlpSettings, Queue, Temporality};
use super::signal::Signal;

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads all that is set into the settings.
pub(super) fn read(mut settings: OtlpSettings, var: Lookup<'_>) -> Result<OtlpSettings, Error> {
    let env = Env(var);
    if let Some(disabled) = env.flag("OTEL_SDK_DISABLED")? {
        settings.disabled = disabled;
    }
    destination(&env, "OTEL_EXPORTER_OTLP", &mut settings.all, None)?;
    for signal in Signal::ALL {
        let prefix = format!("OTEL_EXPORTER_OTLP_{}", signal.variable());
        let base = settings.all.clone();
        let own = settings.destination_mut(signal);
        destination(&env, &prefix, own, Some(&base))?;
        if let Some(enabled) = exporter(&env, &format!("OTEL_{}_EXPORTER", signal.variable()))? {
            own.enabled = Some(enabled);
        }
    }
    push(&env, &mut settings)?;
    queue(&env, "OTEL_BSP", &mut settings.spans)?;
    queue(&env, "OTEL_BLRP", &mut settings.records)?;
    if let Some(sampling) = sampling(&env)? {
        settings.tracing.sampling = sampling;
    }
    Ok(settings)
}

/// The variables that exist for all signals and again for each.
fn destination(
    env: &Env<'_>,
    prefix: &str,
    destination: &mut Destination,
    base: Option<&Destination>,
) -> Result<(), Error> {
    let name = |suffix: &str| format!("{prefix}_{suffix}");
    let protocols = [("grpc", Protocol::Grpc), ("http/protobuf", Protocol::Http)];
    if let Some(protocol) = env.choice(&name("PROTOCOL"), &protocols)? {
        destination.protocol = Some(protocol);
    }
    if let Some(insecure) = env.flag(&name("INSECURE"))? {
        destination.insecure = Some(insecure);
    }
    if let Some(endpoint) = env.text(&name("ENDPOINT")) {
        let protocol = destination.protocol.or(base.and_then(|base| base.protocol)).unwrap_or_default();
        // For all signals it is a base: any signal shows whether a path can be appended.
        let base_of = base.is_none().then_some(Signal::Traces);
        destination::url(&endpoint, protocol, true, base_of)
            .map_err(|accepted| Error::illegal(name("ENDPOINT"), &destination::shown(&endpoint), accepted))?;
        destination.endpoint = Some(endpoint);
    }
    if let Some(list) = env.text(&name("HEADERS")) {
        destination.headers.extend(headers::parse(&name("HEADERS"), &list)?);
    }
    if let Some(timeout) = env.millis(&name("TIMEOUT"))? {
        destination.timeout = Some(timeout);
    }
    let compressions = [("gzip", Compression::Gzip), ("none", Compression::None)];
    if let Some(compression) = env.choice(&name("COMPRESSION"), &compressions)? {
        destination.compression = Some(compression);
    }
    let files = &mut destination.certificates;
    for (suffix, file) in [
        ("CERTIFICATE", &mut files.authorities),
        ("CLIENT_CERTIFICATE", &mut files.client),
        ("CLIENT_KEY", &mut files.client_key),
    ] {
        if let Some(path) = env.text(&name(suffix)) {
            *file = Some(path.into());
        }
    }
    Ok(())
}

/// Whether a signal is exported, from a list of exporters of which we are one.
fn exporter(env: &Env<'_>, name: &str) -> Result<Option<bool>, Error> {
    let Some(list) = env.text(name) else { return Ok(None) };
    let mut enabled = false;
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "otlp" => enabled = true,
            "none" => {}
            _ => return Err(Error::illegal(name, &list, "accepted is \"otlp\" or \"none\"")),
        }
    }
    Ok(Some(enabled))
}

fn push(env: &Env<'_>, settings: &mut OtlpSettings) -> Result<(), Error> {
    let push = &mut settings.push;
    if let Some(every) = env.millis("OTEL_METRIC_EXPORT_INTERVAL")? {
        push.every = every;
    }
    if let Some(timeout) = env.millis("OTEL_METRIC_EXPORT_TIMEOUT")? {
        push.give_up_after = timeout;
    }
    // Low memory means delta for what we have: counters and histograms that are told, not asked.
    let temporalities =
        [("cumulative", Temporality::Cumulative), ("delta", Temporality::Delta), ("lowmemory", Temporality::Delta)];
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    if let Some(temporality) = env.choice(name, &temporalities)? {
        push.temporality = temporality;
    }
    let forms = [
        ("base2_exponential_bucket_histogram", Histograms::Exponential),
        ("explicit_bucket_histogram", Histograms::Explicit),
    ];
    if let Some(form) = env.choice("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", &forms)? {
        push.histograms = form;
    }
    Ok(())
}

fn queue(env: &Env<'_>, prefix: &str, queue: &mut Queue) -> Result<(), Error> {
    if let Some(delay) = env.millis(&format!("{prefix}_SCHEDULE_DELAY"))? {
        queue.delay = delay;
    }
    if let Some(timeout) = env.millis(&format!("{prefix}_EXPORT_TIMEOUT"))? {
        queue.give_up_after = timeout;
    }
    if let Some(items) = env.count(&format!("{prefix}_MAX_QUEUE_SIZE"))? {
        queue.max_items = items;
    }
    if let Some(items) = env.count(&format!("{prefix}_MAX_EXPORT_BATCH_SIZE"))? {
        queue.max_batch = items;
    }
    Ok(())
}

fn sampling(env: &Env<'_>) -> Result<Option<Sampling>, Error> {
    let name = "OTEL_TRACES_SAMPLER";
    let Some(sampler) = env.text(name) else { return Ok(None) };
    let share = || {
        let name = "OTEL_TRACES_SAMPLER_ARG";
        let Some(text) = env.text(name) else { return Ok(1.0) };
        let legal = |share: &f64| (0.0..=1.0).contains(share);
        let share: Option<f64> = text.parse().ok().filter(legal);
        share.ok_or_else(|| Error::illegal(name, &text, "accepted is a share from 0 to 1 such as 0.01"))
    };
    let sampling = match sampler.as_str() {
        "always_on" => Sampling::always().ignore_parent(),
        "always_off" => Sampling::never().ignore_parent(),
        "traceidratio" => Sampling::share(share()?).ignore_parent(),
        "parentbased_always_on" => Sampling::always(),
        "parentbased_always_off" => Sampling::never(),
        "parentbased_traceidratio" => Sampling::share(share()?),
        _ => {
            let accepted = "accepted is always_on, always_off, traceidratio, or one of them after \"parentbased_\"";
            return Err(Error::illegal(name, &sampler, accepted));
        }
    };
    Ok(Some(sampling))
}

struct Env<'a>(Lookup<'a>);

impl Env<'_> {
    /// The value of a variable; an empty one counts as none.
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.0)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            return Ok(Some(*value));
        }
        let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        Err(Error::illegal(name, &text, format_args!("accepted is {}", words.join(" or "))))
    }

    fn millis(&self, name: &str) -> Result<Option<Duration>, Error> {
        let accepted = "accepted is a whole number of milliseconds such as 10000";
        Ok(self.whole(name, 1..=u64::from(u32::MAX), accepted)?.map(Duration::from_millis))
    }

    fn count(&self, name: &str) -> Result<Option<usize>, Error> {
        let accepted = "accepted is a whole number from 1 to 1000000";
        Ok(self.whole(name, 1..=1_000_000, accepted)?.map(|count| count as usize))
    }

    fn whole(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
        accepted: impl Display,
    ) -> Result<Option<u64>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| Error::illegal(name, &text, accepted))
    }
}
