//! TLS: a collector that is trusted by a file, that wants to know who we are, and that nobody vouches for.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::Registry;
use bellwether_export::Resource;
use bellwether_export::otlp::{Destination, Loss, OtlpSettings, Pipeline, Protocol, Signal};
use bellwether_tests::sink::Sink;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tracing_subscriber::prelude::*;

use super::rig::BOTH;

/// Somebody who vouches for others, and the files that say so.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for a name, and its key, as files too.
    fn vouch(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
        (certificate, key)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Ends TLS in front of a sink; with `known`, only for clients that it vouches for.
async fn in_front_of(sink: &Sink, authority: &Authority, known: Option<&Authority>) -> SocketAddr {
    let (certificate, key) = authority.vouch("localhost");
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match known {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, sink) = (listener.local_addr().unwrap(), sink.addr());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not like us goes away.
                let Ok(mut inside) = acceptor.accept(stream).await else { return };
                let mut outside = TcpStream::connect(sink).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    });
    addr
}

/// Sends a span, and says what became of it.
async fn send(to: Destination) -> (u64, Vec<(Loss, u64)>) {
    let settings = OtlpSettings::new()
        .all(to.timeout(Duration::from_secs(5)))
        .metrics(Destination::new().enabled(false))
        .logs(Destination::new().enabled(false));
    let pipeline = Pipeline::start(settings, &Registry::new(), &Resource::builder("checkout").build()).unwrap();
    let guard = tracing_subscriber::registry().with(pipeline.layer()).set_default();
    drop(tracing::info_span!("work"));
    drop(guard);
    let report = pipeline.shutdown(Duration::from_millis(1_500)).await;
    let traces = report.signal(Signal::Traces).unwrap();
    (traces.delivered, traces.losses.clone())
}

fn to(addr: SocketAddr, protocol: Protocol) -> Destination {
    Destination::new().endpoint(format!("https://localhost:{}", addr.port())).protocol(protocol)
}

const SENT: (u64, Vec<(Loss, u64)>) = (1, vec![]);

fn lost() -> (u64, Vec<(Loss, u64)>) {
    (0, vec![(Loss::Shutdown, 1)])
}

#[tokio::test]
async fn a_collector_is_trusted_by_a_file() {
    let (sink, authority) = (Sink::start(), Authority::new());
    let addr = in_front_of(&sink, &authority, None).await;
    for protocol in BOTH {
        assert_eq!(send(to(addr, protocol).authorities(authority.path())).await, SENT, "{protocol:?}");
    }
    assert_eq!(sink.spans().len(), 2);
}

#[tokio::test]
async fn a_stranger_gets_nothing() {
    let (sink, authority) = (Sink::start(), Authority::new());
    let addr = in_front_of(&sink, &authority, None).await;
    assert_eq!(send(to(addr, Protocol::Http).authorities(Authority::new().path())).await, lost());
    // Nor does somebody who has a certificate for another name.
    let other = Destination::new().endpoint(format!("https://127.0.0.1:{}", addr.port()));
    assert_eq!(send(other.authorities(authority.path())).await, lost());
    assert_eq!(sink.attempts().len(), 0);
}

#[tokio::test]
async fn a_collector_that_wants_to_know_us_does() {
    let (sink, authority, clients) = (Sink::start(), Authority::new(), Authority::new());
    let addr = in_front_of(&sink, &authority, Some(&clients)).await;
    clients.vouch("worker");
    for protocol in BOTH {
        let unknown = to(addr, protocol).authorities(authority.path());
        let known = unknown.clone().client_certificate(clients.file("worker.pem"), clients.file("worker.key"));
        assert_eq!(send(known).await, SENT, "{protocol:?}");
        assert_eq!(send(unknown).await, lost(), "{protocol:?}");
    }
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused() {
    fn check(destination: Destination, expected: &str) {
        let settings = OtlpSettings::new().all(destination.endpoint("https://localhost:4318"));
        let error = Pipeline::start(settings, &Registry::new(), &Resource::builder("x").build()).unwrap_err();
        assert!(error.is_certificates() && error.to_string().contains(expected), "{error}");
    }
    let authority = Authority::new();
    authority.vouch("worker");
    authority.write("empty.pem", "nothing here");
    let (ca, pem, key) = (authority.path(), authority.file("worker.pem"), authority.file("worker.key"));
    let trusting = || Destination::new().authorities(&ca);
    check(Destination::new().authorities(authority.file("empty.pem")), "no certificate in it; accepted is PEM");
    check(trusting().client_certificate(&pem, Path::new("/nowhere")), "the client's key: \"/nowhere\": ");
    check(trusting().client_certificate(&pem, &ca), "the client's key: ");
    check(trusting().client_certificate(&ca, &key), "the client's certificate: ");
    let half = |name: &'static str, path: &Path| {
        let path = path.display().to_string();
        let settings = OtlpSettings::new().all(trusting().endpoint("https://localhost:4318"));
        let settings = settings.from_env(|own| (own == name).then(|| path.clone())).unwrap();
        Pipeline::start(settings, &Registry::new(), &Resource::builder("x").build()).unwrap_err().to_string()
    };
    assert!(half("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &pem).ends_with("has no key beside it"));
    assert!(half("OTEL_EXPORTER_OTLP_CLIENT_KEY", &key).ends_with("has no certificate beside it"));
}
