//! OTLP: what was asked for by code, file and environment, and the pipeline that runs.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{OnEnd, Registry, Scope, TraceContext};
use bellwether_export::Resource;
use bellwether_export::otlp::{OtlpSettings, Pipeline, Sampling};
use bellwether_tower::Sampler;

use crate::error::Error;
use crate::settings::{OtlpChoices, Settings};
use crate::shutdown::Delivery;

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct OtlpPlan {
    pub(crate) settings: Option<OtlpSettings>,
}

/// The pipeline, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Otlp(Option<(Pipeline, Sampling)>);

impl OtlpPlan {
    /// Starts the pipeline if code, file or environment ask for one.
    pub(crate) fn start(
        self,
        settings: &Settings,
        resource: &Resource,
        registry: &Registry,
        var: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Otlp, Error> {
        let asked = self.settings.is_some() || settings.otlp.endpoint.is_some() || names_an_endpoint(var);
        if !settings.otlp.enabled.unwrap_or(asked) {
            return Ok(Otlp(None));
        }
        let refuse = |error| Error::setting("OTLP", error);
        let own = self.settings.unwrap_or_default().redact(settings.log.redact.iter().map(String::as_str));
        // What our own settings say is put as OpenTelemetry's variables would: over the code, under the environment. Those
        // that can only be judged here are put one by one, so that what is wrong is said of the setting and its line.
        let is_judged = |name: &str| JUDGED.iter().any(|(_, own)| *own == name);
        let mut said = own.from_env(|name| as_variable(name, settings).filter(|_| !is_judged(name))).map_err(refuse)?;
        for (key, variable) in JUDGED {
            let var = |name: &str| as_variable(name, settings).filter(|_| name == variable);
            said = said.from_env(var).map_err(|_| settings.refuse(key))?;
        }
        let said = match settings.otlp.slow_after {
            Some(after) => said.slow_after(after),
            None => said,
        };
        let said = said.from_env(var).map_err(refuse)?;
        let sampling = said.sampling();
        let pipeline = Pipeline::start(said, registry, resource).map_err(refuse)?;
        Ok(Otlp(Some((pipeline, sampling))))
    }
}

impl Otlp {
    pub(crate) fn pipeline(&self) -> Option<&Pipeline> {
        self.0.as_ref().map(|(pipeline, _)| pipeline)
    }

    /// Makes the spans of requests that nobody made at their start.
    pub(crate) fn listener(&self) -> Option<Arc<dyn OnEnd>> {
        Some(Arc::new(self.pipeline()?.late_spans()))
    }

    /// Gives the span of a request the ids of its scope.
    pub(crate) fn span_hook(&self) -> Option<fn(&tracing::Span, &Scope)> {
        self.pipeline()?;
        Some(|span, scope| {
            // False where no layer of the pipeline is installed: there is nothing to adopt then.
            let _adopted = bellwether_export::trace::adopt(span, scope);
        })
    }

    /// Where in its trace the code that runs on this thread is.
    pub(crate) fn position(&self) -> Option<fn() -> Option<TraceContext>> {
        self.pipeline()?;
        Some(bellwether_export::trace::current)
    }

    /// The layer decides as the pipeline does.
    pub(crate) fn sampler(&self) -> Option<Sampler> {
        let (_, sampling) = self.0.as_ref()?;
        let sampler = Sampler::ratio(sampling.of_new_traces());
        Some(if sampling.follows_parent() { sampler } else { sampler.ignore_parent() })
    }

    pub(crate) async fn finish(self, within: Duration) -> (Vec<Delivery>, bool) {
        let Some(pipeline) = self.pipeline() else { return (Vec::new(), true) };
        let report = pipeline.shutdown(within).await;
        let delivery = |signal: &bellwether_export::otlp::SignalReport| {
            let lost = signal.losses.iter().map(|(loss, items)| (loss.as_str(), *items));
            Delivery::new(signal.signal.as_str(), signal.delivered, lost, signal.waiting)
        };
        (report.signals.iter().map(delivery).collect(), report.in_time)
    }
}

/// Settings whose values the exporter judges, and the variables they stand for.
const JUDGED: [(&str, &str); 2] =
    [("otlp.endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"), ("otlp.headers", "OTEL_EXPORTER_OTLP_HEADERS")];

fn names_an_endpoint(var: &dyn Fn(&str) -> Option<String>) -> bool {
    ["", "_TRACES", "_METRICS", "_LOGS"]
        .into_iter()
        .any(|signal| var(&format!("OTEL_EXPORTER_OTLP{signal}_ENDPOINT")).is_some_and(|url| !url.trim().is_empty()))
}

/// A setting of ours by the name that OpenTelemetry gives it.
fn as_variable(name: &str, settings: &Settings) -> Option<String> {
    let OtlpChoices { endpoint, protocol, headers, every, temporality, histograms, .. } = &settings.otlp;
    match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => endpoint.clone(),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => protocol.map(str::to_owned),
        "OTEL_EXPORTER_OTLP_HEADERS" if !headers.is_empty() => {
            let pairs = headers.iter().map(|(name, value)| format!("{name}={}", encode(value)));
            Some(pairs.collect::<Vec<_>>().join(","))
        }
        "OTEL_METRIC_EXPORT_INTERVAL" => every.map(|every| every.as_millis().to_string()),
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE" => temporality.map(str::to_owned),
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION" => histograms.map(|form| match form {
            "explicit" => "explicit_bucket_histogram".to_owned(),
            _ => "base2_exponential_bucket_histogram".to_owned(),
        }),
        "OTEL_TRACES_SAMPLER" => settings.sample.map(|_| "parentbased_traceidratio".to_owned()),
        "OTEL_TRACES_SAMPLER_ARG" => settings.sample.map(|share| share.to_string()),
        _ => None,
    }
}

/// A header's value, percent-encoded where the list would end.
fn encode(value: &str) -> String {
    value.replace('%', "%25").replace(',', "%2C").replace(' ', "%20")
}
