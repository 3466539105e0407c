//! Latencies and how to tell them.

use hdrhistogram::Histogram;
use std::time::Duration;

/// Latencies in microseconds, to three digits.
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // One microsecond to a minute; the bounds are constants that the constructor accepts.
        Self(Histogram::new_with_bounds(1, 60_000_000, 3).unwrap_or_else(|_| unreachable!("valid bounds")))
    }
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(latency.as_micros() as u64);
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Latencies) {
        // Both have the same bounds.
        let _ = self.0.add(&other.0);
    }

    /// The latency that `percent` of all do not exceed.
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.0.value_at_percentile(percent))
    }

    /// p50, p95 and p99 in milliseconds.
    pub fn summary(&self) -> String {
        let at = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        format!("p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms", at(50.0), at(95.0), at(99.0))
    }
}
