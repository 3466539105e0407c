//! `tell-listeners`: tells news to a part of those who listen to a topic, or has the parts of a part told. `notify-inventory` and
//! `notify-orders` send it what is for more listeners than one invocation can post to.

use crate::audience::{Audience, Part};
use souk_domain::Error;
use souk_domain::ports::Dispatcher;

/// Handles one part.
///
/// # Errors
/// When the table or the gateway is away; Lambda runs it again, and whoever heard the news already knows them by their numbers.
pub async fn handle(part: Part, audience: &Audience, dispatcher: &dyn Dispatcher) -> Result<(), Error> {
    let Part { topic, spots, posts } = part;
    let listeners = audience.part(&topic, spots).await?;
    match listeners.estimate(spots) {
        Some(estimate) => audience.hand_on(dispatcher, &topic, spots, estimate, &posts).await,
        None => audience.post(vec![(topic, posts, listeners.subscribers)]).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_event_is_what_is_sent() {
        let sample = include_str!("../../../events/tell-listeners.json");
        let part: Part = serde_json::from_str(sample).expect("a part");
        let again: serde_json::Value = serde_json::to_value(&part).expect("JSON");
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(sample).expect("JSON"));
    }
}
