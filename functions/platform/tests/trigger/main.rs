//! The stream trigger on a server that speaks Redis: the embedded one, or a private `redis-server` with
//! `SOUK_TEST_REDIS=redis-server`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod consumers;
mod deadlines;
mod failures;
mod invoking;
#[path = "../../../../shared/redis/tests/contract/server.rs"]
#[allow(dead_code, reason = "the adapter's own tests use all of it")]
mod server;
mod sharing;

use server::Server;
use souk_domain::ports::{EventPublisher, StreamGroup};
use souk_domain::{Aggregate, Cause, Event, ProductId, Sku, StockLevel};
use souk_platform::TriggerSource;
use std::time::{Duration, Instant};

const STREAM: &str = "souk:events:inventory";
const FUNCTION: &str = "consumer";
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn source(batch: usize) -> TriggerSource {
    let function = FUNCTION.to_owned();
    let (stream, timeout) = (Aggregate::Inventory, Duration::from_secs(1));
    TriggerSource { stream, batch, consumers: vec![function.clone()], function, timeout }
}

fn group(reader: &str) -> StreamGroup {
    StreamGroup { stream: Aggregate::Inventory, group: FUNCTION.to_owned(), reader: reader.to_owned() }
}

fn event(version: i64) -> Event {
    let (product_id, sku, updated_at) = (ProductId::new(), Sku::parse("A").unwrap(), souk_domain::now());
    let stock = StockLevel { product_id, sku, on_hand: 1, reserved: 0, available: 1, version, updated_at };
    Event::inventory_changed(&stock, &Cause::internal("test"))
}

/// Publishes events with these versions, which tell them apart.
async fn publish(server: &Server, versions: std::ops::RangeInclusive<i64>) {
    server.link().publish(&versions.map(event).collect::<Vec<_>>()).await.unwrap();
}

/// What the function's readers hold, or one of them.
async fn pending(server: &Server, reader: Option<&str>) -> usize {
    let mut look = redis::cmd("XPENDING");
    look.arg(STREAM).arg(FUNCTION).arg("-").arg("+").arg(100_000).arg(reader);
    let held: redis::streams::StreamPendingCountReply = look.query_async(&mut server.raw().await).await.unwrap();
    held.ids.len()
}

/// Has whoever holds entries look as if they had done so for so long.
async fn age(server: &Server, held_for: Duration) {
    let mut raw = server.raw().await;
    let mut look = redis::cmd("XPENDING");
    look.arg(STREAM).arg(FUNCTION).arg("-").arg("+").arg(100_000);
    let held: redis::streams::StreamPendingCountReply = look.query_async(&mut raw).await.unwrap();
    for entry in held.ids {
        let mut claim = redis::cmd("XCLAIM");
        claim.arg(STREAM).arg(FUNCTION).arg(entry.consumer).arg(0).arg(entry.id);
        claim.arg("IDLE").arg(held_for.as_millis() as u64).arg("JUSTID");
        claim.query_async::<redis::Value>(&mut raw).await.unwrap();
    }
}

/// Asks again and again until the answer is yes.
async fn eventually(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < PATIENCE, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
