//! Scheduled: writes into the log how far the consumer functions are behind. Metric filters of `template.yaml` read it there; alarms
//! and the dashboard stand on them.

use crate::list_consumers::Consumer;
use crate::{Consumers, TriggerSource};
use futures::future::try_join_all;
use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::{Backlogs, DeadLetters};

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
    }
    Ok(Measured { consumers: measured.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logged::Logged;
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
    async fn the_metric_filters_of_the_template_find_what_is_logged() {
        let logged = Logged::start();
        let consumers = Consumers::of(&Template::built_in().expect("the template")).expect("its streams");
        let measured = handle(&consumers, &Streams, &Streams).await.expect("a measurement");
        for filter in ["ConsumerLagMetric", "ConsumerDeadLettersMetric"] {
            let lines = logged.taken_by(filter);
            assert_eq!(lines.len(), measured.consumers, "{filter}");
            assert_eq!((&lines[0]["waiting"], &lines[0]["dead_letters"]), (&2.into(), &3.into()));
        }
    }
}
