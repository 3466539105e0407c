//! Consumer of mail events: writes the mails that people's wishes caused, and sends them.

use crate::letter::{Links, write};
use crate::secret;
use souk_domain::ports::{Mailer, Mails};
use souk_domain::{Error, Event, EventData};
use souk_lambda::{Batch, BatchResponse, Delivered};

/// Handles one batch, mail by mail: one that cannot be sent is delivered again alone.
///
/// The token of a link is made here and only its hash is kept, so no event, outbox or log ever holds one. A mail that was sent twice,
/// because the note that it was sent got lost, works with the token of the later one.
///
/// # Errors
/// None of its own; what fails is reported by entry.
pub async fn handle(
    batch: Batch,
    mails: &dyn Mails,
    mailer: &dyn Mailer,
    links: &Links,
) -> Result<BatchResponse, Error> {
    let (events, mut response) = batch.open();
    for Delivered { entry_id, event, .. } in events {
        if let Err(error) = send(&event, mails, mailer, links).await {
            response.fail(entry_id, &error);
        }
    }
    Ok(response)
}

async fn send(event: &Event, mails: &dyn Mails, mailer: &dyn Mailer, links: &Links) -> Result<(), Error> {
    let EventData::MailRequested(wish) = &event.data else { return Ok(()) };
    let (token, hash) = secret::new_secret()?;
    let Some(mail) = mails.prepare_mail(wish.mail_id, hash, souk_domain::now()).await? else { return Ok(()) };
    if let Some(letter) = write(&mail, &token, links) {
        mailer.send(&letter).await?;
    }
    mails.mail_sent(wish.mail_id, souk_domain::now()).await
}
