//! TLS by rustls and ring: whom to trust, and who we are. No process-wide provider is asked for or installed.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use super::super::destination::Certificates;
use super::super::error::Error;

/// A configuration that trusts nobody, for destinations without TLS.
pub(super) fn none() -> Result<ClientConfig, Error> {
    Ok(builder(RootCertStore::empty())?.with_no_client_auth())
}

/// The configuration that the certificates make.
pub(super) fn config(files: &Certificates) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    match &files.authorities {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|why| Error::certificates("authorities to trust", path, why))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why = "no certificate is installed on this machine; name a file by OTEL_EXPORTER_OTLP_CERTIFICATE";
                let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
                let why = [why, &reasons.join(", ")].join(" ");
                return Err(Error::certificates("authorities to trust", Path::new("the machine's store"), why.trim()));
            }
        }
    }
    match (&files.client, &files.client_key) {
        (None, None) => Ok(builder(roots)?.with_no_client_auth()),
        (Some(path), Some(key_path)) => {
            let key = PrivateKeyDer::from_pem_file(key_path)
                .map_err(|why| Error::certificates("the client's key", key_path, why))?;
            builder(roots)?
                .with_client_auth_cert(certificates(path)?, key)
                .map_err(|why| Error::certificates("the client's certificate", path, why))
        }
        (Some(path), None) => Err(Error::certificates("the client's certificate", path, "has no key beside it")),
        (None, Some(path)) => Err(Error::certificates("the client's key", path, "has no certificate beside it")),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refuse = |why: &dyn std::fmt::Display| Error::certificates("certificates", path, why);
    let found = CertificateDer::pem_file_iter(path).map_err(|why| refuse(&why))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|why| refuse(&why))?;
    if found.is_empty() {
        return Err(refuse(&"no certificate in it; accepted is PEM, \"-----BEGIN CERTIFICATE-----\""));
    }
    Ok(found)
}

fn builder(roots: RootCertStore) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(Error::tls)?.with_root_certificates(roots))
}
