//! Whoever wants something of the shop, again and again until they are answered.

use super::{Moment, Street};
use crate::harness::PASSWORD;
use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Duration;

/// Between two wishes of a buyer, at most.
const THOUGHT_MS: u64 = 40;
/// Between two visitors: a password hash is much work for a core that others need.
const VISIT: Duration = Duration::from_millis(500);

/// An order that was answered.
#[derive(Debug)]
pub struct Bought {
    pub order: String,
    pub product: String,
    pub pieces: i64,
    /// 2 when it was cancelled.
    pub version: i64,
}

/// Sends a command until it is answered, always with the same key.
async fn post(
    street: &Street,
    client: &Client,
    token: Option<&str>,
    path: &str,
    key: &str,
    body: &Value,
) -> (u16, Value) {
    loop {
        let url = format!("{}{path}", street.shop().await.http);
        let mut request = client.post(url).header("Idempotency-Key", key).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        street.saw(Moment::Sent);
        if let Ok(answer) = request.send().await {
            let status = answer.status().as_u16();
            if let Ok(body) = answer.json().await {
                street.saw(Moment::Answered);
                return (status, body);
            }
        }
        // The process is gone and not yet known to be.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Buys one thing after the other until everything is over, and cancels some of it.
pub async fn buy(street: Street, buyer: usize, token: String, products: Vec<String>, mut dice: StdRng) -> Vec<Bought> {
    let client = Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let mut bought = Vec::new();
    for n in 0.. {
        if street.is_over() {
            break;
        }
        let (product, pieces) = (products[dice.random_range(0..products.len())].clone(), dice.random_range(1..4));
        let lines = json!({ "lines": [{ "productId": product, "quantity": pieces }] });
        let key = format!("buyer-{buyer}-{n}");
        let (status, answer) = post(&street, &client, Some(&token), "/api/v1/orders", &key, &lines).await;
        assert_eq!(status, 201, "{answer}");
        let order = answer["data"]["id"].as_str().unwrap().to_owned();
        let mut version = 1;
        if dice.random_ratio(1, 3) {
            let path = format!("/api/v1/orders/{order}/cancel");
            let (status, answer) =
                post(&street, &client, Some(&token), &path, &format!("{key}-cancel"), &json!({})).await;
            assert_eq!((status, &answer["data"]["status"]), (200, &json!("cancelled")), "{answer}");
            version = 2;
        }
        bought.push(Bought { order, product, pieces, version });
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..THOUGHT_MS))).await;
    }
    bought
}

/// One visitor after the other wants to be a customer; their addresses.
pub async fn register(street: Street) -> Vec<String> {
    let client = Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let mut addresses = Vec::new();
    for n in 0.. {
        if street.is_over() {
            break;
        }
        let address = format!("visitor-{n}@example.com");
        let wish = json!({ "email": address, "name": "Visitor", "password": PASSWORD });
        let (status, answer) = post(&street, &client, None, "/api/v1/customers", &address, &wish).await;
        assert_eq!(status, 202, "{answer}");
        addresses.push(address);
        tokio::time::sleep(VISIT).await;
    }
    addresses
}
