//! Scheduled: feeds the event streams to the consumer functions until the invocation's time is nearly up. Invocations may
//! overlap; they share the work.

use crate::trigger::{Trigger, TriggerSource};
use serde::Serialize;
use souk_domain::Error;
use souk_domain::ports::{EventStream, Invoker};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time kept for what is in progress when the reading stops: the longest invocation of a consumer.
const ROOM: Duration = Duration::from_secs(15);

/// What was done.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Triggered {
    /// Streams read for functions.
    pub sources: usize,
}

/// Runs a trigger for each source, each with a reader of its own, until shortly before `deadline`.
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
    let until = deadline.checked_sub(ROOM).unwrap_or(deadline);
    futures::future::join_all(triggers.iter().map(|trigger| trigger.run(Some(until)))).await;
    Ok(Triggered { sources: triggers.len() })
}
