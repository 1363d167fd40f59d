//! Errors as clients really make them: reqwest, hyper, tonic, sqlx and rustls.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use bellwether_dependency::{Failure, Fault, Limit, Retry};
use tonic::{Code, Status};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A server that answers one request with these bytes and closes; or, with none, never answers.
fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request);
        if answer.is_empty() {
            let _ = stream.read(&mut request); // until whoever asked goes away
        }
        let _ = stream.write_all(answer.as_bytes());
    });
    address
}

/// The class of what reqwest makes of asking for this.
fn reqwest_fault(url: &str) -> Failure {
    let error = block_on(async {
        // A build that has TLS but no provider wants one before it speaks even plain HTTP; an error says that it has one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().tls_certs_only([]).timeout(Duration::from_secs(1)).no_proxy();
        let client = client.build().unwrap();
        let answer = client.get(url).send().await?.error_for_status()?;
        answer.text().await
    });
    Fault::of(&error.unwrap_err()).failure
}

#[test]
fn of_reqwest() {
    let answered = |answer| reqwest_fault(&format!("http://{}/", server(answer)));
    assert_eq!(answered("HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n"), Failure::Upstream);
    assert_eq!(answered("HTTP/1.1 429 no\r\ncontent-length: 0\r\n\r\n"), Failure::RateLimited);
    assert_eq!(answered("HTTP/1.1 401 no\r\ncontent-length: 0\r\n\r\n"), Failure::Auth);
    assert_eq!(answered("HTTP/1.1 200 ok\r\ncontent-length: 9\r\n\r\nhalf"), Failure::Connect);
    assert_eq!(answered("this is no HTTP\r\n\r\n"), Failure::Decode);
    assert_eq!(answered(""), Failure::Timeout);
    assert_eq!(reqwest_fault("http://nobody.invalid/"), Failure::Dns);
    assert_eq!(reqwest_fault("no url"), Failure::BadRequest);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(reqwest_fault(&format!("http://{gone}/")), Failure::Refused);
}

#[test]
fn of_async_openai() {
    use async_openai::error::{ApiError, ApiErrorResponse, OpenAIError, StreamError};
    let answered = |status: u16, kind: &str, code: &str| {
        let word = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
        let api_error = ApiError {
            message: "insufficient_quota, says the text".to_owned(),
            r#type: word(kind),
            code: word(code),
            ..ApiError::default()
        };
        let error = OpenAIError::ApiError(ApiErrorResponse { status_code: status.try_into().unwrap(), api_error });
        (Fault::of(&error).failure, Fault::of(&error).limit)
    };
    assert_eq!(answered(429, "requests", "rate_limit_exceeded"), (Failure::RateLimited, Some(Limit::Rate)));
    assert_eq!(answered(429, "insufficient_quota", ""), (Failure::Quota, Some(Limit::Quota)));
    assert_eq!(answered(429, "", ""), (Failure::RateLimited, Some(Limit::Unknown)));
    assert_eq!(answered(401, "invalid_request_error", "invalid_api_key"), (Failure::Auth, None));
    assert_eq!(answered(400, "invalid_request_error", ""), (Failure::BadRequest, None));
    assert_eq!(answered(500, "server_error", ""), (Failure::Upstream, None));

    let told = |error: OpenAIError| Fault::of(&error).failure;
    let text = |text: &str| {
        let error = serde_json::from_str::<u8>("no number").unwrap_err();
        told(OpenAIError::JSONDeserialize(error, text.to_owned()))
    };
    assert_eq!(text("half an ans"), Failure::Decode);
    assert_eq!(text(r#"{"error":{"type":"server_error"}}"#), Failure::Upstream); // in the midst of a good stream
    assert_eq!(text(r#"{"error":{"code":"insufficient_quota"}}"#), Failure::Quota);
    assert_eq!(told(OpenAIError::InvalidArgument("no model".to_owned())), Failure::BadRequest);
    let broken = StreamError::EventStream("x".to_owned());
    assert_eq!(told(OpenAIError::StreamError(Box::new(broken))), Failure::Decode);
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(told(OpenAIError::Boxed(Box::new(refused))), Failure::Refused);
}

#[test]
fn of_hyper() {
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    let check = |address: String| {
        let asked = async {
            let client = Client::builder(TokioExecutor::new()).build_http::<String>();
            client.get(address.parse().unwrap()).await
        };
        Fault::of(&block_on(asked).unwrap_err()).failure
    };
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // That there is no connection is all that the outermost says; why, the innermost.
    assert_eq!(check(format!("http://{gone}/")), Failure::Refused);
    assert_eq!(check(format!("http://{}/", server("HTTP/1.1 200 o"))), Failure::Connect);
    assert_eq!(check(format!("http://{}/", server("this is no HTTP\r\n\r\n"))), Failure::Decode);
    assert_eq!(check("https://no.tls.here/".to_owned()), Failure::Connect);
}

#[test]
fn of_tonic() {
    for (code, failure, retry) in [
        (Code::Unavailable, Failure::Upstream, Retry::Helps),
        (Code::DeadlineExceeded, Failure::Timeout, Retry::Helps),
        (Code::ResourceExhausted, Failure::RateLimited, Retry::AfterPause),
        (Code::Unauthenticated, Failure::Auth, Retry::InVain),
        (Code::InvalidArgument, Failure::BadRequest, Retry::InVain),
        (Code::Aborted, Failure::BadRequest, Retry::Helps),
        (Code::Internal, Failure::Upstream, Retry::InVain),
        (Code::Cancelled, Failure::Cancelled, Retry::InVain),
        (Code::Unknown, Failure::Unknown, Retry::InVain),
    ] {
        let fault = Fault::of(&Status::new(code, "429 timed out"));
        assert_eq!((fault.failure, fault.retry), (failure, retry), "{code:?}");
    }
    // One that was made of an error knows by that.
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(Fault::of(&Status::from_error(Box::new(refused))).failure, Failure::Refused);
}

#[test]
fn of_sqlx() {
    use sqlx::sqlite::SqlitePoolOptions;
    let check = |sql: &'static str| {
        let error = block_on(async {
            let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
            sqlx::query("create table t (id integer primary key)").execute(&pool).await?;
            sqlx::query("insert into t values (1)").execute(&pool).await?;
            sqlx::query(sql).fetch_one(&pool).await.map(|_| ())
        });
        Fault::of(&error.unwrap_err()).failure
    };
    assert_eq!(check("insert into t values (1)"), Failure::BadRequest);
    assert_eq!(check("select nonsense"), Failure::BadRequest);
    assert_eq!(check("select * from t where id = 7"), Failure::BadRequest);
    let full = block_on(async {
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(20));
        let pool = pool.connect("sqlite::memory:").await?;
        let _held = pool.acquire().await?;
        pool.acquire().await.map(|_| ())
    });
    assert_eq!(Fault::of(&full.unwrap_err()).failure, Failure::Timeout);
    let io = sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into());
    assert_eq!(Fault::of(&io).failure, Failure::Refused);
    let nowhere = block_on(SqlitePoolOptions::new().connect("sqlite:/nowhere/at/all.db"));
    assert_eq!(Fault::of(&nowhere.unwrap_err()).failure, Failure::Upstream);
}

#[test]
fn of_rustls() {
    let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
    let wrapped = std::io::Error::new(std::io::ErrorKind::InvalidData, expired);
    assert_eq!(Fault::of(&wrapped).failure, Failure::Tls);
}
