//! Consumer of order events: mails buyers what they wait for. Their order is confirmed, a parcel left, a return was answered, the order was
//! cancelled, money went back.

use crate::order_letter;
use souk_domain::ports::{Mailer, Mails};
use souk_domain::{Error, Event, OrderStep};
use souk_lambda::{Batch, BatchResponse, Delivered};

/// Nobody gets mail of what is older. Shorter than it is remembered what was sent, or a replay would send it again.
const OLDEST: chrono::Duration = chrono::Duration::days(28);
const REMEMBERED: chrono::Duration = chrono::Duration::days(30);

/// Handles one batch, mail by mail: one that cannot be sent is delivered again alone.
///
/// A mail is sent twice when the note that it was sent got lost; both have the same id. `shop` is the URL that it names.
///
/// # Errors
/// None of its own; what fails is reported by entry.
pub async fn handle(batch: Batch, mails: &dyn Mails, mailer: &dyn Mailer, shop: &str) -> Result<BatchResponse, Error> {
    let (events, mut response) = batch.open();
    for Delivered { entry_id, event, .. } in events {
        if let Err(error) = send(&event, mails, mailer, shop).await {
            response.fail(entry_id, &error);
        }
    }
    Ok(response)
}

async fn send(event: &Event, mails: &dyn Mails, mailer: &dyn Mailer, shop: &str) -> Result<(), Error> {
    let Some((_, told)) = event.data.order() else { return Ok(()) };
    let now = souk_domain::now();
    if event.time < now - OLDEST || !told.steps.iter().copied().any(OrderStep::may_be_mailed) {
        return Ok(());
    }
    let Some(to) = mails.order_to_mail(told.order_id, event.id).await? else { return Ok(()) };
    let news = to.order.news_of(event.version);
    let Some(letter) = order_letter::write(event.id.uuid().into(), &to, &news, shop) else { return Ok(()) };
    mailer.send(&letter).await?;
    mails.order_mailed(event.id, now + REMEMBERED).await
}
