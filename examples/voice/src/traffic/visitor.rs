//! What each kind of visitor does; answers are read, but nobody minds what they say.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use serde_json::json;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

use super::{Arrival, Visit};
use crate::{
    proto::{Audio, voice_client::VoiceClient},
    providers::loopback_client,
    store::CUSTOMERS,
};

const PATIENCE: Duration = Duration::from_secs(15);
const SCANNED: [&str; 5] = ["/.env", "/wp-login.php", "/.git/config", "/admin.php", "/cgi-bin/luci"];

#[derive(Clone, Debug)]
pub(super) struct Visitor {
    http: reqwest::Client,
    grpc: Channel,
    base: String,
}

type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Visitor {
    pub(super) fn new(target: SocketAddr) -> Result<Self, String> {
        let base = format!("http://{target}");
        let grpc = Endpoint::from_shared(base.clone()).map_err(|error| error.to_string())?.connect_lazy();
        Ok(Self { http: loopback_client()?, grpc, base })
    }

    pub(super) async fn pay(self, arrival: Arrival) {
        let mut random = fastrand::Rng::with_seed(arrival.seed);
        let customer = random.i64(1..=CUSTOMERS);
        let visit = async {
            match arrival.visit {
                Visit::Turn => self.turn(customer, audio(&mut random)).await,
                Visit::Converse => self.converse(customer, audio(&mut random)).await,
                Visit::HangUp => self.hang_up(customer, audio(&mut random)).await,
                Visit::Customer => self.customer(customer).await,
                Visit::Orders => self.get("/v1/orders").await,
                Visit::Order => {
                    let order = json!({ "customer": customer, "item": "a gift card", "amount_cents": 500 });
                    self.post("/v1/orders", order).await
                }
                Visit::Join => {
                    let name = format!("Customer {:04x}", random.u16(..));
                    self.post("/v1/customers", json!({ "name": name, "plan": "trial" })).await
                }
                Visit::Mistake => self.mistake(&mut random).await,
                Visit::Scan => self.scan(&mut random).await,
            }
        };
        match timeout(PATIENCE, visit).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(visit = ?arrival.visit, %error, "a visit failed"),
            Err(_) => tracing::debug!(visit = ?arrival.visit, "a visitor lost patience"),
        }
    }

    async fn turn(&self, customer: i64, audio: Bytes) -> Done {
        self.speak(customer, audio).await?.bytes().await?;
        Ok(())
    }

    async fn hang_up(&self, customer: i64, audio: Bytes) -> Done {
        let mut response = self.speak(customer, audio).await?;
        response.chunk().await?;
        // Dropping an unfinished response closes its connection.
        Ok(())
    }

    async fn speak(&self, customer: i64, audio: Bytes) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}/v1/turns", self.base);
        self.http.post(url).header("x-customer", customer).body(audio).send().await
    }

    async fn converse(&self, customer: i64, audio: Bytes) -> Done {
        let parts: Vec<Audio> =
            audio.chunks(4096).map(|data| Audio { customer, data: audio.slice_ref(data) }).collect();
        let mut answers = VoiceClient::new(self.grpc.clone()).converse(stream::iter(parts)).await?.into_inner();
        while answers.message().await?.is_some() {}
        Ok(())
    }

    async fn customer(&self, customer: i64) -> Done {
        self.get("/v1/customers").await?;
        self.get(&format!("/v1/customers/{customer}")).await?;
        self.get(&format!("/v1/customers/{customer}/orders")).await
    }

    async fn mistake(&self, random: &mut fastrand::Rng) -> Done {
        match random.u8(..5) {
            0 => self.get("/v1/orders/999999999").await,
            1 => self.get("/v1/orders/last").await,
            2 => self.post("/v1/orders", json!({ "customer": 1, "item": "", "amount_cents": 1 })).await,
            3 => self.post("/v1/customers", json!({ "name": "Nobody" })).await,
            _ => self.turn(1, Bytes::new()).await,
        }
    }

    async fn scan(&self, random: &mut fastrand::Rng) -> Done {
        for path in SCANNED {
            self.get(path).await?;
        }
        self.get(&format!("/{:x}", random.u64(..))).await
    }

    async fn get(&self, path: &str) -> Done {
        self.http.get(format!("{}{path}", self.base)).send().await?.bytes().await?;
        Ok(())
    }

    async fn post(&self, path: &str, body: serde_json::Value) -> Done {
        self.http.post(format!("{}{path}", self.base)).json(&body).send().await?.bytes().await?;
        Ok(())
    }
}

/// One to three seconds of a voice, as far as anybody can tell from the size.
fn audio(random: &mut fastrand::Rng) -> Bytes {
    Bytes::from(vec![0; random.usize(8_000..24_000)])
}
