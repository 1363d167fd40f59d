//! Whether a gRPC server answers `grpc.health.v1`.

use tonic::Code;
use tonic::body::Body as AnyBody;
use tonic::client::GrpcService;
use tonic::codegen::{Body, Bytes, StdError};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{Finding, Probe};
use crate::fault::Fault;
use crate::health::Statement;
use crate::status::Health;

/// Of an answer, which is no more than a number.
const MAX_ANSWER: usize = 4 << 10;

impl Probe {
    /// Whether a gRPC server answers `Check` for a service, the empty name being the whole server, through a tonic `Channel` or
    /// what is like one.
    ///
    /// `NOT_SERVING` is what it [says of itself](crate::Statement), and makes it degraded. A server that has no such service
    /// (`UNIMPLEMENTED`) has answered, and is not asked again. Source: gRPC's health checking protocol.
    pub fn grpc<T>(channel: T, service: &str) -> Self
    where
        T: GrpcService<AnyBody> + Clone + Send + Sync + 'static,
        T::Error: Into<StdError>,
        T::Future: Send,
        T::ResponseBody: Body<Data = Bytes> + Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + Send,
    {
        let service = service.to_owned();
        Self::of(move || {
            let mut client = HealthClient::new(channel.clone()).max_decoding_message_size(MAX_ANSWER);
            let request = HealthCheckRequest { service: service.clone() };
            Box::pin(async move {
                match client.check(request).await {
                    Ok(answer) => Ok(match answer.get_ref().status() {
                        ServingStatus::Serving => Finding::Says(Statement::new(Health::Up)),
                        ServingStatus::NotServing => Finding::Says(Statement::new(Health::Down)),
                        ServingStatus::Unknown | ServingStatus::ServiceUnknown => Finding::Well,
                    }),
                    Err(status) if status.code() == Code::Unimplemented => Ok(Finding::Mute),
                    Err(status) => Err(Fault::of(&status)),
                }
            })
        })
    }
}
