//! Servers that do not do what they should.

use crate::harness::{SECRET_KEY, Shop, charge, provider, serve, taken};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde_json::json;
use souk_domain::ports::PaymentProvider;
use souk_domain::{Charge, Error, OperationId, PaymentId, ProviderState, Result};
use souk_payments::StripeProvider;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a scripted server says, in turn, and the keys that it was shown. The last answer is repeated.
#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn serve(answers: &[(u16, &str)]) -> (Self, String) {
        let answers = answers.iter().rev().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let script = Self { answers: Arc::new(Mutex::new(answers)), keys: Arc::default() };
        let (address, _server) = serve(Router::new().fallback(speak).with_state(script.clone())).await;
        (script, address)
    }

    fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }
}

async fn speak(State(script): State<Script>, headers: HeaderMap) -> impl IntoResponse {
    let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
    script.keys.lock().unwrap().push(key);
    let mut answers = script.answers.lock().unwrap();
    let (status, body) = if answers.len() > 1 { answers.pop().unwrap() } else { answers[0].clone() };
    let headers = [("stripe-should-retry", if body.contains("do not") { "false" } else { "true" })];
    (StatusCode::from_u16(status).unwrap(), headers, body)
}

fn succeeded(charge: &Charge) -> String {
    let metadata = json!({"order_id": charge.order_id.to_string(), "payment_id": charge.payment_id.to_string()});
    json!({"id": "pi_1", "status": "succeeded", "amount": 1299, "amount_received": 1299, "metadata": metadata})
        .to_string()
}

/// Fails as `Unavailable`, without a word of a secret.
fn is_unavailable<T>(outcome: Result<T>) -> bool {
    let error = outcome.err().unwrap();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hush"), "{text}");
    matches!(error, Error::Unavailable(_))
}

#[tokio::test]
async fn trouble_that_passes_is_not_noticed_and_the_second_attempt_has_the_key_of_the_first() {
    for trouble in [(500, "{}"), (503, "<html>"), (429, "{}"), (409, "{}"), (200, "garbage"), (404, "not Stripe")] {
        let charge = charge("pm_card_visa");
        let (script, address) = Script::serve(&[trouble, (200, &succeeded(&charge))]).await;
        let payment = taken(provider(&address, "").charge(&charge).await.unwrap());
        assert_eq!(payment.state, ProviderState::Captured);
        assert_eq!(script.keys(), [charge.payment_id.to_string(), charge.payment_id.to_string()]);
    }
}

#[tokio::test]
async fn trouble_that_stays_is_told_after_the_second_attempt() {
    for trouble in [(500, "{}"), (429, "{}"), (409, "{}"), (200, "garbage"), (302, "")] {
        let (script, address) = Script::serve(&[trouble]).await;
        let provider = provider(&address, "");
        assert!(is_unavailable(provider.charge(&charge("pm_card_visa")).await), "{trouble:?}");
        assert!(is_unavailable(provider.capture("pi_1", 1, OperationId::new()).await), "{trouble:?}");
        assert!(is_unavailable(provider.payment(PaymentId::new(), None).await), "{trouble:?}");
        assert_eq!(script.keys().len(), 6);
    }
}

#[tokio::test]
async fn what_the_provider_asks_not_to_repeat_is_not_repeated() {
    let (script, address) = Script::serve(&[(500, "do not")]).await;
    assert!(is_unavailable(provider(&address, "").void("pi_1", OperationId::new()).await));
    assert_eq!(script.keys().len(), 1);
}

#[tokio::test]
async fn a_wrong_key_is_nobodys_refusal() {
    let shop = Shop::open().await;
    let url = format!("sandbox://sk_hush_other:whsec_hush@{}", shop.address());
    let stranger = StripeProvider::new(&url.into()).unwrap();
    assert!(is_unavailable(stranger.charge(&charge("pm_card_visa")).await));
    assert!(is_unavailable(stranger.refund("pi_1", 1, OperationId::new()).await));
    assert_eq!(shop.books().await["payments"], json!([]));
}

#[tokio::test]
async fn a_server_that_hangs_up_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let hanging_up = tokio::spawn(async move {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let read = stream.read(&mut [0; 4096]).await.unwrap();
            assert!(read > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    assert!(is_unavailable(provider(&address, "").charge(&charge("pm_card_visa")).await));
    hanging_up.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_silent_or_not_there_is_unavailable_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let begin = std::time::Instant::now();
    assert!(is_unavailable(provider(&address, "?timeout_ms=100").charge(&charge("pm_card_visa")).await));
    drop(silent);
    assert!(is_unavailable(provider(&address, "?timeout_ms=1000").charge(&charge("pm_card_visa")).await));
    assert!(begin.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn stripe_is_never_shown_the_key_over_plain_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("stripe://sk_test_hush:whsec_hush@{}?timeout_ms=1000", listener.local_addr().unwrap());
    let overheard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = vec![0; 4096];
        let length = stream.read(&mut heard).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        heard.truncate(length);
        heard
    });
    let provider = StripeProvider::new(&url.into()).unwrap();
    assert_eq!(provider.name(), "stripe");
    assert!(is_unavailable(provider.charge(&charge("pm_card_visa")).await));
    let heard = overheard.await.unwrap();
    // A TLS record that begins a handshake, and nothing else.
    assert_eq!(heard.first(), Some(&22));
    assert!(!String::from_utf8_lossy(&heard).contains("hush"));
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let shop = Shop::open().await;
    for text in [format!("{:?}", shop.provider), format!("{:#?}", shop.provider), format!("{:?}", shop.sandbox)] {
        assert!(!text.contains("hush"), "{text}");
    }
    assert!(SECRET_KEY.contains("hush"));
}
