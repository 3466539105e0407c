//! Consumer of stock events: tells browsers of stock levels (`InventoryUpdated` on `product/{id}` and `catalog`).

use crate::messages::Kind;
use crate::notify::{Item, Notifier, body};
use souk_domain::realtime::{News, Pace, Topic};
use souk_domain::{Error, EventData};
use souk_lambda::{Batch, BatchResponse, Delivered};
use std::collections::HashMap;

/// Handles one batch. Several changes of one product are told as one: the last.
///
/// # Errors
/// When Redis, the table or the gateway is away; the batch is delivered again.
pub async fn handle(batch: Batch, notifier: &Notifier) -> Result<BatchResponse, Error> {
    let (events, mut response) = batch.open();
    notifier.tell(latest_by_subject(events).iter().filter_map(item).collect(), &mut response).await?;
    Ok(response)
}

fn item(Delivered { entry_id, event, .. }: &Delivered) -> Option<Item> {
    let EventData::InventoryChanged(stock) = &event.data else { return None };
    let (kind, topics) = (Kind::InventoryUpdated, vec![Topic::Product(stock.product_id), Topic::Catalog]);
    let (subject, version, body) = (event.subject.clone(), event.version, body(kind, event));
    let news = News { subject, version, topics, body, pace: Pace::Newest };
    Some(Item { entry_id: entry_id.clone(), kind, news, correlation_id: event.correlation_id.as_str().into() })
}

/// Keeps the latest event of each subject, in the order of the first.
fn latest_by_subject(events: Vec<Delivered>) -> Vec<Delivered> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut latest: Vec<Delivered> = Vec::new();
    for delivered in events {
        match places.get(&delivered.event.subject) {
            Some(place) if latest[*place].event.version < delivered.event.version => latest[*place] = delivered,
            Some(_) => {}
            None => {
                places.insert(delivered.event.subject.clone(), latest.len());
                latest.push(delivered);
            }
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{Cause, Event, ProductId, Sku, StockLevel};

    fn delivered(product_id: ProductId, version: i64) -> Delivered {
        let sku = Sku::parse("A").expect("a sku");
        let updated_at = souk_domain::now();
        let stock = StockLevel { product_id, sku, on_hand: 1, reserved: 0, available: 1, version, updated_at };
        let event = Event::inventory_changed(&stock, &Cause::internal("test"));
        Delivered { entry_id: version.to_string(), deliveries: 1, event }
    }

    #[test]
    fn the_newest_change_of_each_product_is_told() {
        let (a, b) = (ProductId::new(), ProductId::new());
        let events = vec![delivered(a, 1), delivered(b, 5), delivered(a, 3), delivered(a, 2)];
        let told: Vec<_> = latest_by_subject(events)
            .iter()
            .map(|delivered| (delivered.event.subject.clone(), delivered.event.version))
            .collect();
        assert_eq!(told, [(a.to_string(), 3), (b.to_string(), 5)]);
    }
}
