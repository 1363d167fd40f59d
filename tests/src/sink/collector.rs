//! The routes of a sink: three gRPC services and three HTTP paths, with the faults in front of all six.

use crate::sink::Fault;
use crate::sink::record::{Message, Received, Record, Signal, Transport};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use std::io::Read as _;
use std::sync::Arc;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::Routes;

/// The most that a body may be, also unpacked: far above what any test sends.
const MAX_BODY: usize = 64 << 20;

pub(super) fn router(record: &Arc<Record>) -> Router {
    let service = Collector { record: Arc::clone(record) };
    let traces = TraceServiceServer::new(service.clone()).accept_compressed(Gzip).max_decoding_message_size(MAX_BODY);
    let metrics =
        MetricsServiceServer::new(service.clone()).accept_compressed(Gzip).max_decoding_message_size(MAX_BODY);
    let logs = LogsServiceServer::new(service.clone()).accept_compressed(Gzip).max_decoding_message_size(MAX_BODY);
    let http = Router::new()
        .route("/v1/traces", post(http_traces))
        .route("/v1/metrics", post(http_metrics))
        .route("/v1/logs", post(http_logs))
        .layer(axum::extract::DefaultBodyLimit::max(MAX_BODY))
        .with_state(service);
    let grpc = Routes::new(traces).add_service(metrics).add_service(logs).into_axum_router();
    grpc.merge(http).layer(middleware::from_fn_with_state(Arc::clone(record), meet_fault))
}

/// Lets the request through, or gives it what the test asked for.
async fn meet_fault(State(record): State<Arc<Record>>, mut request: Request, next: Next) -> Response {
    let Some((signal, transport)) = route(request.uri().path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(fault) = record.attempt(signal, transport) else { return next.run(request).await };
    if let Some(refusal) = fault.refusal(transport) {
        return refusal;
    }
    match fault {
        Fault::Hang => std::future::pending().await,
        Fault::Reset => {
            record.cut();
            std::future::pending().await
        }
        Fault::Cut => Fault::broken_answer(transport, move || record.cut()),
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            next.run(request).await
        }
        other => {
            request.extensions_mut().insert(other);
            next.run(request).await
        }
    }
}

fn route(path: &str) -> Option<(Signal, Transport)> {
    Some(match path {
        "/v1/traces" => (Signal::Traces, Transport::Http),
        "/v1/metrics" => (Signal::Metrics, Transport::Http),
        "/v1/logs" => (Signal::Logs, Transport::Http),
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => (Signal::Traces, Transport::Grpc),
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => (Signal::Metrics, Transport::Grpc),
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => (Signal::Logs, Transport::Grpc),
        _ => return None,
    })
}

#[derive(Debug, Clone)]
struct Collector {
    record: Arc<Record>,
}

impl Collector {
    /// Keeps a message, and gives the part that was refused, if the test asked for that.
    fn take(&self, came: Came, message: Message) -> Option<(i64, String)> {
        self.record.take(Received { transport: came.transport, headers: came.headers, message });
        match came.fault {
            Some(Fault::Partial(rejected, why)) => Some((rejected, why)),
            _ => None,
        }
    }

    fn traces(&self, came: Came, request: ExportTraceServiceRequest) -> ExportTraceServiceResponse {
        let refused = self.take(came, Message::Traces(request));
        let partial_success =
            refused.map(|(rejected_spans, error_message)| ExportTracePartialSuccess { rejected_spans, error_message });
        ExportTraceServiceResponse { partial_success }
    }

    fn metrics(&self, came: Came, request: ExportMetricsServiceRequest) -> ExportMetricsServiceResponse {
        let refused = self.take(came, Message::Metrics(request));
        let partial_success = refused.map(|(rejected_data_points, error_message)| ExportMetricsPartialSuccess {
            rejected_data_points,
            error_message,
        });
        ExportMetricsServiceResponse { partial_success }
    }

    fn logs(&self, came: Came, request: ExportLogsServiceRequest) -> ExportLogsServiceResponse {
        let refused = self.take(came, Message::Logs(request));
        let partial_success = refused.map(|(rejected_log_records, error_message)| ExportLogsPartialSuccess {
            rejected_log_records,
            error_message,
        });
        ExportLogsServiceResponse { partial_success }
    }
}

/// All of a request but its message.
struct Came {
    transport: Transport,
    headers: HeaderMap,
    fault: Option<Fault>,
}

impl Came {
    fn by_grpc<T>(request: tonic::Request<T>) -> (Self, T) {
        let (metadata, extensions, message) = request.into_parts();
        let fault = extensions.get::<Fault>().cloned();
        (Self { transport: Transport::Grpc, headers: metadata.into_headers(), fault }, message)
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let (came, message) = Came::by_grpc(request);
        Ok(tonic::Response::new(self.traces(came, message)))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, tonic::Status> {
        let (came, message) = Came::by_grpc(request);
        Ok(tonic::Response::new(self.metrics(came, message)))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, tonic::Status> {
        let (came, message) = Came::by_grpc(request);
        Ok(tonic::Response::new(self.logs(came, message)))
    }
}

async fn http_traces(State(collector): State<Collector>, request: Request) -> Response {
    answer(request, |came, message| collector.traces(came, message)).await
}

async fn http_metrics(State(collector): State<Collector>, request: Request) -> Response {
    answer(request, |came, message| collector.metrics(came, message)).await
}

async fn http_logs(State(collector): State<Collector>, request: Request) -> Response {
    answer(request, |came, message| collector.logs(came, message)).await
}

/// Decodes a request's body, and encodes what `take` answers; a body that is no such message is a 400.
async fn answer<I, O>(request: Request, take: impl FnOnce(Came, I) -> O) -> Response
where
    I: prost::Message + Default,
    O: prost::Message,
{
    let (parts, body) = request.into_parts();
    if parts.headers.get(header::CONTENT_TYPE).is_none_or(|is| is != "application/x-protobuf") {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "only application/x-protobuf").into_response();
    }
    let message = match decode(&parts.headers, body).await {
        Ok(message) => message,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let fault = parts.extensions.get::<Fault>().cloned();
    let output = take(Came { transport: Transport::Http, headers: parts.headers, fault }, message);
    let content_type = HeaderValue::from_static("application/x-protobuf");
    ([(header::CONTENT_TYPE, content_type)], output.encode_to_vec()).into_response()
}

async fn decode<I: prost::Message + Default>(headers: &HeaderMap, body: Body) -> Result<I, String> {
    let body: Bytes = axum::body::to_bytes(body, MAX_BODY).await.map_err(|e| e.to_string())?;
    let encoding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
    let plain = match encoding {
        None | Some(b"identity") => body.to_vec(),
        Some(b"gzip") => {
            let mut plain = Vec::new();
            let unpacker = flate2::read::GzDecoder::new(body.as_ref());
            unpacker.take(MAX_BODY as u64).read_to_end(&mut plain).map_err(|e| e.to_string())?;
            plain
        }
        Some(other) => return Err(format!("content-encoding {:?}", String::from_utf8_lossy(other))),
    };
    I::decode(plain.as_slice()).map_err(|e| e.to_string())
}
