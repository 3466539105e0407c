//! What is counted and measured, in CloudWatch's embedded metric format: JSON lines on standard output, which CloudWatch reads out of the
//! log. `docs/operations.md` says what each tells; a test compares both, and the alarms and the dashboard of `template.yaml`.

use axum::http::Method;
use metrics::{Unit, counter, describe_histogram, histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use std::sync::OnceLock;
use std::time::Duration;

/// Names the namespace of the metrics; without it none are written.
const NAMESPACE: &str = "SOUK_METRICS";

/// How long a request took, in milliseconds, by `Route`.
pub const LATENCY: &str = "Latency";
/// Environments that were started, by `Function`.
pub const COLD_STARTS: &str = "ColdStarts";
/// Copies that were found in the cache.
pub const CACHE_HITS: &str = "CacheHits";
/// Copies that were not, so that the store was asked.
pub const CACHE_MISSES: &str = "CacheMisses";
/// Orders that were placed.
pub const ORDERS_PLACED: &str = "OrdersPlaced";
/// What became of payments and refunds, by `Result`.
pub const PAYMENTS: &str = "Payments";
/// How long the oldest event that waits for a consumer has waited, in milliseconds; also by `Function`.
pub const CONSUMER_LAG: &str = "ConsumerLag";
/// Events that a consumer gave up on and that wait for somebody; also by `Function`.
pub const CONSUMER_DEAD_LETTERS: &str = "ConsumerDeadLetters";
/// Committed events that could not be published.
pub const STUCK_OUTBOX_ROWS: &str = "StuckOutboxRows";

/// All of them, with their units.
pub const ALL: [(&str, Unit); 9] = [
    (LATENCY, Unit::Milliseconds),
    (COLD_STARTS, Unit::Count),
    (CACHE_HITS, Unit::Count),
    (CACHE_MISSES, Unit::Count),
    (ORDERS_PLACED, Unit::Count),
    (PAYMENTS, Unit::Count),
    (CONSUMER_LAG, Unit::Milliseconds),
    (CONSUMER_DEAD_LETTERS, Unit::Count),
    (STUCK_OUTBOX_ROWS, Unit::Count),
];

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

/// Collects from now on, when a namespace is named. A process that never sends them does not.
pub(crate) fn start() {
    let Some(namespace) = std::env::var(NAMESPACE).ok().filter(|namespace| !namespace.is_empty()) else { return };
    // There is one already in a test of the same process.
    let Ok(collector) = Builder::new().cloudwatch_namespace(namespace).init() else { return };
    for (name, unit) in ALL {
        // Only the unit counts, whatever kind of metric it is.
        describe_histogram!(name, unit, "");
    }
    // Only one recorder can be the first.
    let _ = COLLECTOR.set(collector);
}

pub(super) fn flush() {
    // A line that could not be written is not worth a failed request.
    drop(COLLECTOR.get().map(|collector| collector.flush(std::io::stdout().lock())));
}

/// Counts so many.
pub fn count(name: &'static str, number: usize) {
    counter!(name).increment(number as u64);
}

/// Counts one of a kind.
pub fn count_as(name: &'static str, dimension: &'static str, kind: &str) {
    counter!(name, dimension => kind.to_owned()).increment(1);
}

/// Notes a value.
pub fn measure(name: &'static str, value: f64) {
    histogram!(name).record(value);
}

/// Notes a value of a kind.
pub fn measure_as(name: &'static str, value: f64, dimension: &'static str, kind: &str) {
    histogram!(name, dimension => kind.to_owned()).record(value);
}

/// Notes how long a request of a route took.
pub(crate) fn measure_request(method: &Method, route: &str, took: Duration) {
    // Where nobody collects, a name is not worth making for each request.
    if COLLECTOR.get().is_some() {
        measure_as(LATENCY, super::in_ms(took), "Route", &format!("{method} {route}"));
    }
}
