//! One change of a product, told to everybody who listens to it.

use super::shop::Running;
use crate::report::Latencies;
use anyhow::{Context, Result, ensure};
use futures::{SinkExt, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How many listen, one measurement after the other.
const CROWDS: [usize; 3] = [100, 1_000, 10_000];
/// Changes of each measurement; the median counts.
const CHANGES: usize = 5;
/// Between two changes: as long as many listeners let a product rest.
const REST: Duration = Duration::from_millis(2_500);
/// Sockets opened at once.
const OPENING: usize = 32;
/// Files that this process and the shop need beside the sockets.
const OTHER_FILES: usize = 500;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) async fn measure(shop: &Running) -> Result<()> {
    println!("fan-out     from the request that changes the stock of a product to the frames of all who listen to it");
    let (product, mut sockets) = (shop.product(0), Vec::new());
    for crowd in CROWDS {
        if crowd + OTHER_FILES > open_files()? {
            println!("  {crowd:>6}    SKIPPED: a process may open {} files here (ulimit -n)", open_files()?);
            continue;
        }
        let (before, known) = (shop.resident_mb()?, sockets.len());
        let more: Vec<Socket> = futures::stream::iter(known..crowd)
            .map(|_| listener(shop, &product))
            .buffer_unordered(OPENING)
            .try_collect()
            .await?;
        sockets.extend(more);
        // What the subscriptions left behind is gone by then.
        tokio::time::sleep(REST).await;
        let kilobytes = (shop.resident_mb()? - before) * 1024.0 / (crowd - known) as f64;
        let mut all = Vec::new();
        let mut each = Latencies::default();
        for _ in 0..CHANGES {
            all.push(told(shop, &product, &mut sockets, &mut each).await?.as_secs_f64());
            tokio::time::sleep(REST).await;
        }
        let last = super::median(all);
        println!("  {crowd:>6}    all told after {last:.2} s{}; {}", wanted(crowd), each.summary());
        println!("            {kilobytes:.1} KB of the shop's memory for each idle socket (20 KB wanted)");
    }
    Ok(())
}

fn wanted(crowd: usize) -> &'static str {
    if crowd == 10_000 { " (2 s wanted)" } else { "" }
}

/// How many files this process may open; the shop inherited the number.
fn open_files() -> Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).context("no limit")?;
    Ok(line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX))
}

async fn listener(shop: &Running, product: &str) -> Result<Socket> {
    // Buffers for little to say, or this process would be the larger one.
    let config = WebSocketConfig::default().read_buffer_size(2 << 10).write_buffer_size(0);
    let url = format!("{}/", shop.address("webSocket")?);
    let (mut socket, _) = connect_async_with_config(url, Some(config), true).await?;
    let subscribe = json!({ "action": "subscribe", "topic": format!("product/{product}") });
    socket.send(Message::text(subscribe.to_string())).await?;
    loop {
        let answer = next(&mut socket).await?;
        if answer["type"] == "Subscribed" {
            return Ok(socket);
        }
    }
}

async fn next(socket: &mut Socket) -> Result<Value> {
    let message = socket.next().await.context("a socket closed")??;
    Ok(serde_json::from_str(message.to_text()?)?)
}

/// Changes the stock; how long until the last socket heard of it.
async fn told(shop: &Running, product: &str, sockets: &mut [Socket], each: &mut Latencies) -> Result<Duration> {
    let level = shop.guest.available(product).await? + 1;
    let began = Instant::now();
    let hearing = futures::future::try_join_all(sockets.iter_mut().map(async |socket| {
        loop {
            let heard = next(socket).await?;
            if heard["data"]["available"] == level {
                return anyhow::Ok(began.elapsed());
            }
        }
    }));
    let changing = shop.manager.restock(product, 1);
    let (times, ()) = tokio::try_join!(hearing, changing)?;
    ensure!(times.len() == sockets.len(), "not everybody heard of it");
    let last = times.iter().max().copied().unwrap_or_default();
    times.into_iter().for_each(|time| each.record(time));
    Ok(last)
}
