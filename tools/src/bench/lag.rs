//! The lag of events when little happens: from a command's arrival to what a consumer does about it, against an entry of a stream that
//! somebody adds and somebody else reads.

use super::shop::Running;
use crate::report::Latencies;
use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const COMMANDS: usize = 400;
/// Between two commands.
const PACE: Duration = Duration::from_millis(50);
/// The stream and the group of the baseline.
const STREAM: &str = "bench:lag";
const GROUP: &str = "bench";
/// As long as an event.
const ENTRY_BYTES: usize = 600;

pub(super) async fn measure(shop: &Running) -> Result<()> {
    let (mut socket, _) = connect_async(format!("{}/", shop.address("webSocket")?)).await?;
    socket.send(Message::text(json!({ "action": "subscribe", "topic": "catalog" }).to_string())).await?;
    let answer: Value = serde_json::from_str(socket.next().await.context("the socket closed")??.to_text()?)?;
    anyhow::ensure!(answer["type"] == "Subscribed", "{answer}");
    let customer = shop.guest.register("lag@souk.example").await?;
    let mut baseline = Baseline::start(shop.address("redis")?).await?;
    let (mut bare, mut lags) = (Latencies::default(), Latencies::default());
    let commands = async {
        for n in 0..COMMANDS {
            tokio::time::sleep(PACE / 2).await;
            bare.record(baseline.once().await?);
            tokio::time::sleep(PACE / 2).await;
            // Each of another product: what changes faster than people see is told less often.
            customer.place(&format!("lag-{n}"), &[(shop.product(n), 1)]).await?;
        }
        anyhow::Ok(())
    };
    let effects = async {
        let mut heard = 0;
        while heard < COMMANDS {
            let message = socket.next().await.context("the socket closed")??;
            let now = souk_domain::now();
            let message: Value = serde_json::from_str(message.to_text()?)?;
            if message["type"] == "InventoryUpdated" {
                // The event's time is that of the command's arrival, before the commit: the lag is an upper bound.
                let time: souk_domain::DateTime = serde_json::from_value(message["time"].clone())?;
                lags.record((now - time).to_std().unwrap_or_default());
                heard += 1;
            }
        }
        anyhow::Ok(())
    };
    tokio::try_join!(commands, effects)?;
    println!("event lag   one command each {} ms: commit, stream, consumer function, frame", PACE.as_millis());
    println!("  XADD      {}, a bare entry of {ENTRY_BYTES} bytes to whoever waits for it", bare.summary());
    println!("  lag       {} (p99 of at most 25 ms wanted)", lags.summary());
    Ok(())
}

/// Somebody who adds to a stream, and somebody who waits for it.
struct Baseline {
    connection: MultiplexedConnection,
    read: mpsc::Receiver<Instant>,
}

impl Baseline {
    async fn start(url: &str) -> Result<Self> {
        let client = redis::Client::open(url)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut group = redis::cmd("XGROUP");
        group.arg("CREATE").arg(STREAM).arg(GROUP).arg("$").arg("MKSTREAM");
        group.query_async::<()>(&mut connection).await?;
        // It waits longer than a command may take elsewhere.
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        let mut waiting = client.get_multiplexed_async_connection_with_config(&patient).await?;
        let (tell, read) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut next = redis::cmd("XREADGROUP");
            next.arg("GROUP").arg(GROUP).arg("reader").arg("COUNT").arg(1).arg("BLOCK").arg(0).arg("NOACK");
            next.arg("STREAMS").arg(STREAM).arg(">");
            while next.query_async::<redis::Value>(&mut waiting).await.is_ok() {
                if tell.send(Instant::now()).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { connection, read })
    }

    /// What one entry takes.
    async fn once(&mut self) -> Result<Duration> {
        let added = Instant::now();
        let mut add = redis::cmd("XADD");
        add.arg(STREAM).arg("MAXLEN").arg(1).arg("*").arg("event").arg("x".repeat(ENTRY_BYTES));
        add.query_async::<()>(&mut self.connection).await?;
        let read = self.read.recv().await.context("nobody reads")?;
        Ok(read - added)
    }
}
