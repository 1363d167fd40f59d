//! A client that writes bytes, for what no library would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{PATIENCE, Server};

pub(crate) struct Raw {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.addr).await.expect("the server listens");
        Self { stream, seen: Vec::new() }
    }

    /// Writes; a server that has closed meanwhile is not an error.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Reads until what was read so far contains `text`, and gives all of it.
    pub(crate) async fn until(&mut self, text: &[u8]) -> String {
        let reading = async {
            while !self.seen.windows(text.len()).any(|window| window == text) {
                if self.read().await == 0 {
                    panic!("closed before {:?}: {:?}", String::from_utf8_lossy(text), self.seen());
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("the server answers");
        self.seen()
    }

    /// Reads to the end of the connection, and gives everything.
    pub(crate) async fn into_rest(mut self) -> String {
        let reading = async { while self.read().await > 0 {} };
        tokio::time::timeout(PATIENCE, reading).await.expect("the server closes");
        self.seen()
    }

    /// Closes by RST instead of FIN.
    pub(crate) fn reset(self) {
        #[allow(deprecated, reason = "a linger of zero does not block, and there is no other way to a RST")]
        self.stream.set_linger(Some(std::time::Duration::ZERO)).expect("it is a socket");
    }

    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// How many bytes came; 0 at the end, also a violent one.
    async fn read(&mut self) -> usize {
        self.stream.read_buf(&mut self.seen).await.unwrap_or(0)
    }
}
