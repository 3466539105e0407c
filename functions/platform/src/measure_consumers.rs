//! Scheduled: measures how far the consumer functions are behind. Alarms and the dashboard of `template.yaml` stand on it.

use crate::list_consumers::Consumer;
use crate::{Consumers, TriggerSource};
use futures::future::try_join_all;
use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::{Backlogs, DeadLetters};
use souk_lambda::metrics;

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Consumer functions, each counted with each of its streams.
    pub consumers: usize,
}

/// Measures all of them.
///
/// # Errors
/// When the streams are away; an alarm tells of measurements that are missing.
pub async fn handle(
    consumers: &Consumers,
    backlogs: &dyn Backlogs,
    letters: &dyn DeadLetters,
) -> Result<Measured, Error> {
    let measure = |source: &TriggerSource| {
        let source = source.clone();
        async move { Consumer::of(&source, backlogs, letters).await }
    };
    let measured = try_join_all(consumers.sources().iter().map(measure)).await?;
    for Consumer { function, stream, undelivered, pending, oldest_age_ms, dead_letters } in &measured {
        let (lag_ms, waiting) = (oldest_age_ms.unwrap_or_default(), undelivered + pending);
        tracing::info!(function, stream, lag_ms, waiting, dead_letters, "consumer measured");
        let (lag_ms, dead_letters) = (lag_ms as f64, *dead_letters as f64);
        // Without a dimension for the alarms, which want one metric for all.
        metrics::measure(metrics::CONSUMER_LAG, lag_ms);
        metrics::measure_as(metrics::CONSUMER_LAG, lag_ms, "Function", function);
        metrics::measure(metrics::CONSUMER_DEAD_LETTERS, dead_letters);
        metrics::measure_as(metrics::CONSUMER_DEAD_LETTERS, dead_letters, "Function", function);
    }
    Ok(Measured { consumers: measured.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measuring::Measuring;
    use async_trait::async_trait;
    use souk_domain::ports::{Backlog, KeptLetter, LetterOrder};
    use souk_domain::{Aggregate, EntryId, Limit, Page, Result};
    use souk_template::Template;

    /// Streams on which two events wait for everybody.
    struct Streams;

    #[async_trait]
    impl Backlogs for Streams {
        async fn backlog(&self, _: Aggregate, _: &str) -> Result<Backlog> {
            Ok(Backlog { undelivered: 1, pending: 1, oldest: Some(souk_domain::now()) })
        }
    }

    #[async_trait]
    impl DeadLetters for Streams {
        async fn letters(
            &self,
            _: &str,
            _: LetterOrder,
            _: Limit,
            _: Option<EntryId>,
        ) -> Result<Page<KeptLetter, EntryId>> {
            unreachable!("only counted")
        }
        async fn letter(&self, _: &str, _: EntryId) -> Result<KeptLetter> {
            unreachable!("only counted")
        }
        async fn letter_count(&self, _: &str) -> Result<u64> {
            Ok(3)
        }
        async fn failed_again(&self, _: &str, _: EntryId, _: &str) -> Result<()> {
            unreachable!("only counted")
        }
        async fn discard(&self, _: &str, _: EntryId) -> Result<()> {
            unreachable!("only counted")
        }
    }

    #[tokio::test]
    async fn the_lag_of_each_consumer_and_the_worst_of_all_become_metrics() {
        let measuring = Measuring::start();
        let consumers = Consumers::of(&Template::built_in().expect("the template")).expect("its streams");
        let measured = handle(&consumers, &Streams, &Streams).await.expect("a measurement");
        let told = measuring.end();
        for metric in [metrics::CONSUMER_LAG, metrics::CONSUMER_DEAD_LETTERS] {
            assert_eq!(told.of(metric, None).len(), measured.consumers, "{metric}");
            assert_eq!(told.of(metric, Some("send-mail")).len(), 1, "{metric}");
        }
        assert_eq!(told.of(metrics::CONSUMER_DEAD_LETTERS, Some("send-mail")), [3.0]);
    }
}
