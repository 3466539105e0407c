//! What a process tells about itself: log lines for people, traces for a collector, metrics for CloudWatch.

mod clef;
mod log;
pub mod metrics;
mod trace;

#[cfg(test)]
pub(crate) use log::heard;
pub use trace::describe_span;
pub(crate) use trace::{continues, fail, link, link_to};

use std::time::Duration;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging to standard error, JSON on Lambda, for Seq where `SOUK_LOG_FORMAT` is `clef`, for people elsewhere: what `SOUK_LOG`
/// chooses (`info`, or `warn,souk=debug`), else `default`. And traces, when `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; wants a Tokio runtime for them.
pub fn start_telemetry(default: &str) {
    let telemetry = Registry::default().with(log::layer(default)).with(trace::layer());
    // Started before, by a test of the same process.
    drop(telemetry.try_init());
}

/// Sends what is left to send. Lambda freezes a function between two invocations, so this belongs to the end of each; a process
/// does it at its end.
pub async fn flush_telemetry() {
    metrics::flush();
    trace::flush().await;
}

/// A time as log lines and metrics tell it: milliseconds, to the microsecond.
pub fn in_ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}
