//! Consumer of order, inventory and product events: puts them on their way to the webhooks that want to hear of them.
//!
//! An event brings along what came before it of the same order or product and was not put on its way yet, so that the order in which
//! events arrive here does not matter.

use souk_domain::ports::Webhooks;
use souk_domain::{Aggregate, Error, Event, Told};
use souk_lambda::{Batch, BatchResponse, consume};

/// Older events are not sent. Shorter than the delivery log remembers what was sent, or a replay would send it again.
const OLDEST: chrono::Duration = chrono::Duration::days(28);
/// What third parties may hear of.
const PUBLIC: [Aggregate; 3] = [Aggregate::Order, Aggregate::Inventory, Aggregate::Product];

/// Handles one batch.
///
/// # Errors
/// When the store is away; the batch is delivered again.
pub async fn handle(batch: Batch, webhooks: &dyn Webhooks) -> Result<BatchResponse, Error> {
    consume(batch, async |events: &[Event]| {
        for aggregate in PUBLIC {
            let told = events.iter().filter(|event| event.data.aggregate() == aggregate).filter_map(Told::by);
            let told: Vec<Told> = told.collect();
            if !told.is_empty() {
                webhooks.enqueue_webhooks(aggregate, &told, souk_domain::now() - OLDEST).await?;
            }
        }
        Ok(())
    })
    .await
}
