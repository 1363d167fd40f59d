//! An HTTP client for tests, that works whatever else is built with it.

/// A client for plain HTTP over loopback.
///
/// Not `reqwest::Client::new()`: features unify over a build, so where the demo is built too, reqwest has TLS, and then
/// wants a cryptography provider and root certificates before it speaks even plain HTTP.
///
/// # Panics
/// If reqwest cannot be set up.
#[must_use]
pub fn client() -> reqwest::Client {
    // An error says that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("a client")
}
