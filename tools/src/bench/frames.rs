//! From the commit of an order to the frame that tells a browser of the new stock.

use super::shop::Running;
use crate::report::Latencies;
use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const ORDERS: usize = 500;
/// Between two orders: 50 a second, far from what the shop can do.
const PACE: Duration = Duration::from_millis(20);
/// Each order takes another of these: a product is told ten times a second at most.
const PRODUCTS: usize = 20;

pub(super) async fn measure(shop: &Running) -> Result<()> {
    let (mut socket, _) = connect_async(format!("{}/", shop.address("webSocket")?)).await?;
    let products: Vec<String> = (0..PRODUCTS).map(|n| shop.product(n)).collect();
    for product in &products {
        let subscribe = json!({ "action": "subscribe", "topic": format!("product/{product}") });
        socket.send(Message::text(subscribe.to_string())).await?;
    }
    // Changes that come close together are told as one, so the last level of each product ends the count.
    let mut last = HashMap::new();
    for product in &products {
        last.insert(product.clone(), shop.guest.available(product).await? - (ORDERS / PRODUCTS) as i64);
    }
    let customer = shop.guest.register("frames@souk.example").await?;
    let began = souk_domain::now();
    let mut latencies = Latencies::default();
    let orders = async {
        for n in 0..ORDERS {
            customer.place(&format!("frame-{n}"), &[(products[n % PRODUCTS].clone(), 1)]).await?;
            tokio::time::sleep(PACE).await;
        }
        anyhow::Ok(())
    };
    let frames = async {
        while !last.is_empty() {
            let message = socket.next().await.context("the socket closed")??;
            let heard = souk_domain::now();
            let message: Value = serde_json::from_str(message.to_text()?)?;
            if message["type"] != "InventoryUpdated" {
                continue;
            }
            // The event's time is that of the request, shortly before the commit: the latency is an upper bound.
            let time: souk_domain::DateTime = serde_json::from_value(message["time"].clone())?;
            if time < began {
                continue;
            }
            latencies.record((heard - time).to_std().unwrap_or_default());
            let product = message["data"]["productId"].as_str().unwrap_or_default();
            if last.get(product).is_some_and(|level| message["data"]["available"] == *level) {
                last.remove(product);
            }
        }
        anyhow::Ok(())
    };
    tokio::try_join!(orders, frames)?;
    println!("frames      from a request's arrival, through commit, outbox, stream and push, to the browser");
    println!("  latency   {} (p99 under 50 ms wanted)", latencies.summary());
    Ok(())
}
