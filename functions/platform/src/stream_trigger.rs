//! Scheduled: feeds the event streams to the consumer functions until the invocation's time is nearly up. Invocations may
//! overlap; they share the work.

use crate::trigger::{Trigger, TriggerSource};
use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::{EventStream, Invoker};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time kept for settling what the last invocations say.
const SETTLING: Duration = Duration::from_secs(2);

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Triggered {
    /// Streams read for functions.
    pub sources: usize,
}

/// Runs a trigger for each source, each with a reader of its own. None reads any more when an invocation could outlast `deadline`.
///
/// # Errors
/// When a reader cannot be made.
pub async fn handle(
    sources: &[TriggerSource],
    reader: &str,
    deadline: Instant,
    new_stream: impl Fn() -> Result<Arc<dyn EventStream>, Error>,
    invoker: Arc<dyn Invoker>,
) -> Result<Triggered, Error> {
    let triggers = sources
        .iter()
        .map(|source| Ok(Trigger::new(source, reader, new_stream()?, invoker.clone())))
        .collect::<Result<Vec<_>, Error>>()?;
    let running = triggers.iter().zip(sources).map(|(trigger, source)| {
        let until = deadline.checked_sub(source.timeout + SETTLING).unwrap_or(deadline);
        trigger.run(Some(until))
    });
    futures::future::join_all(running).await;
    Ok(Triggered { sources: triggers.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources;
    use souk_domain::ports::StreamEntry;
    use souk_template::{Template, Trigger as Cause};

    #[test]
    fn no_invocation_outlasts_its_trigger_and_some_trigger_reads_at_all_times() {
        let template = Template::built_in().expect("the template");
        let trigger = template.functions().iter().find(|function| function.name == "stream-trigger").expect("it");
        let every_minute = Cause::Schedule { expression: "rate(1 minute)".to_owned() };
        assert_eq!(trigger.trigger, every_minute);
        for source in sources(&template).expect("sources") {
            let reading = trigger.timeout - source.timeout - SETTLING;
            assert!(reading > Duration::from_secs(75), "{source:?} is read for {reading:?} of each minute only");
            assert!(source.timeout < StreamEntry::ABANDONED, "who works on {source:?} is taken for dead");
        }
    }
}
