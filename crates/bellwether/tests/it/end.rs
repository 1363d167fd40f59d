//! The end: it comes in time, says what there is to say, and is the same for everybody.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use bellwether::{Bellwether, Shutdown};

use super::{get, nothing, status};

const LONG: Duration = Duration::from_secs(60);

fn start() -> Bellwether {
    Bellwether::builder("test").environment(nothing).start().unwrap()
}

/// Waits for a future on no runtime at all.
fn wait(future: impl Future<Output = Shutdown>) -> Shutdown {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(shutdown) => return shutdown,
            Poll::Pending => thread::park(),
        }
    }
}

fn check(shutdown: &Shutdown) {
    assert!(shutdown.in_time && shutdown.lost() == 0, "{shutdown:?}");
    assert_eq!(shutdown.to_string(), "nothing was to be delivered");
}

#[tokio::test(flavor = "current_thread")]
async fn on_a_runtime_with_one_thread() {
    check(&start().shutdown(LONG).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn on_a_runtime_with_one_worker() {
    check(&start().shutdown(LONG).await);
}

#[test]
fn on_no_runtime() {
    check(&wait(start().shutdown(LONG)));
}

#[test]
fn twice_and_by_everybody() {
    let bw = start();
    let (first, second) = (bw.shutdown(LONG), bw.clone().shutdown(Duration::ZERO));
    check(&wait(second));
    check(&wait(first));
    check(&wait(bw.shutdown(Duration::ZERO)));
    assert!(bw.serve("127.0.0.1:0").unwrap_err().is_ended());
}

#[test]
fn in_no_time() {
    // Nobody can answer in no time, or somebody just did: it comes to an end either way.
    let _ = wait(start().shutdown(Duration::ZERO));
}

#[test]
fn goes_on_if_nobody_waits_for_it() {
    let bw = start();
    let address = bw.serve("127.0.0.1:0").unwrap();
    assert_eq!(status(&get(address, "/readyz", "")), 200);
    drop(bw.shutdown(LONG));
    assert!(!bw.is_ready());
    check(&wait(bw.shutdown(LONG)));
}

#[test]
fn dropping_the_last_handle_ends_the_thread() {
    let bw = start();
    let address = bw.serve("127.0.0.1:0").unwrap();
    let other = bw.clone();
    let layer = bw.layer();
    drop(bw);
    assert_eq!(status(&get(address, "/livez", "")), 200);
    let mut held = std::net::TcpStream::connect(address).unwrap();
    drop(other);
    // The runtime goes, and with it every connection: this ends when the thread has.
    assert_eq!(std::io::Read::read(&mut held, &mut [0; 1]).unwrap_or(0), 0);
    drop(layer);
}

#[tokio::test(flavor = "current_thread")]
async fn dropping_it_within_a_runtime_is_no_panic() {
    drop(start());
}

#[test]
fn the_port_closes_when_it_has_ended() {
    let bw = start();
    let address = bw.serve("127.0.0.1:0").unwrap();
    check(&wait(bw.shutdown(LONG)));
    assert!(std::net::TcpStream::connect(address).is_err() || status_or_closed(address));
}

/// The port is closed by a thread that may be about to do so.
fn status_or_closed(address: std::net::SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return true };
    let _ = stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.is_empty() || status(&answer) == 503
}
