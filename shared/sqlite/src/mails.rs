use crate::errors::failed;
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use souk_domain::ports::Mails;
use souk_domain::{
    Cause, CustomerStatus, DateTime, Email, Error, Event, EventId, MailId, MailKind, MailToSend, NewRegistration,
    OrderId, OrderToMail, PersonName, Result, TokenHash,
};
use uuid::Uuid;

/// Writes a wish down that causes mail, and the event that says so.
pub(crate) fn request(
    connection: &Connection,
    kind: MailKind,
    email: &str,
    customer: Option<i64>,
    cause: &Cause,
) -> Result<Event> {
    insert(connection, kind, email, customer, None, cause)
}

/// Writes a wish to register down, and the event that says so.
pub(crate) fn request_registration(connection: &Connection, new: &NewRegistration, cause: &Cause) -> Result<Event> {
    insert(connection, MailKind::Registration, new.email.as_str(), None, Some(new), cause)
}

fn insert(
    connection: &Connection,
    kind: MailKind,
    email: &str,
    customer: Option<i64>,
    registration: Option<&NewRegistration>,
    cause: &Cause,
) -> Result<Event> {
    let id = MailId::new();
    rows::execute(
        connection,
        "INSERT INTO mail (id, kind, email, customer_key, name, password_hash, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id.uuid(),
            kind.as_str(),
            email,
            customer,
            registration.map(|new| new.name.as_str()),
            registration.map(|new| secrecy::ExposeSecret::expose_secret(&new.password_hash)),
            cause.at.timestamp_micros(),
            (cause.at + kind.kept()).timestamp_micros(),
        ],
    )
    .map_err(failed)?;
    Ok(Event::mail_requested(id, kind, cause))
}

/// What the token of a link was made for.
pub(crate) struct Link {
    pub(crate) kind: MailKind,
    pub(crate) email: Email,
    pub(crate) customer: Option<i64>,
    pub(crate) name: Option<String>,
    pub(crate) password_hash: Option<String>,
}

/// Uses the token of a link up.
pub(crate) fn redeem(connection: &Connection, token: TokenHash, kinds: [MailKind; 2], at: DateTime) -> Result<Link> {
    // What a registration brought along is the customer's from now on.
    let read = |row: &rusqlite::Row<'_>| {
        let link = Link {
            kind: rows::word(row, "kind", MailKind::from_word)?,
            email: rows::text(row, "email")?,
            customer: row.get("customer_key")?,
            name: row.get("name")?,
            password_hash: row.get("password_hash")?,
        };
        Ok((row.get::<_, Uuid>("id")?, link))
    };
    let (id, link) = rows::maybe(
        connection,
        "SELECT * FROM mail WHERE token_hash = ?1 AND kind IN (?2, ?3) AND expires_at > ?4 AND used_at IS NULL",
        params![token.0, kinds[0].as_str(), kinds[1].as_str(), at.timestamp_micros()],
        read,
    )?
    .ok_or_else(Error::invalid_link)?;
    let sql = "UPDATE mail SET used_at = ?2, name = NULL, password_hash = NULL WHERE id = ?1";
    rows::execute(connection, sql, params![id, at.timestamp_micros()]).map_err(failed)?;
    Ok(link)
}

fn prepare(connection: &Connection, id: MailId, token: TokenHash, now: DateTime) -> Result<Option<MailToSend>> {
    let sql = "UPDATE mail SET token_hash = CASE WHEN kind IN ('registration', 'password_reset', 'email_change', 'invitation') THEN ?2 END
         WHERE id = ?1 AND sent_at IS NULL AND used_at IS NULL AND expires_at > ?3";
    if rows::execute(connection, sql, params![id.uuid(), token.0, now.timestamp_micros()]).map_err(failed)? == 0 {
        return Ok(None);
    }
    let sql = "SELECT m.kind, m.email, coalesce(c.name, m.name, owner.name) AS name, c.status FROM mail m
         LEFT JOIN customer c ON c.email = m.email LEFT JOIN customer owner ON owner.customer_key = m.customer_key WHERE m.id = ?1";
    rows::maybe(connection, sql, [id.uuid()], |row| {
        let name = row.get::<_, Option<String>>("name")?.map(|name| PersonName::parse(&name)).transpose();
        let status = row.get::<_, Option<String>>("status")?;
        Ok(MailToSend {
            id,
            kind: rows::word(row, "kind", MailKind::from_word)?,
            email: rows::text(row, "email")?,
            name: name.map_err(|error| rows::corrupt("name", error))?,
            account: status.as_deref().and_then(CustomerStatus::from_word),
        })
    })
}

fn order_to_mail(connection: &Connection, order: OrderId, event: EventId) -> Result<Option<OrderToMail>> {
    let sql = "SELECT o.document, c.email, c.name FROM sales_order o JOIN customer c USING (customer_key)
         WHERE o.id = ?1 AND c.status <> 'erased' AND NOT EXISTS (SELECT 1 FROM order_mail m WHERE m.event_id = ?2)";
    rows::maybe(connection, sql, params![order.uuid(), event.uuid()], |row| {
        Ok(OrderToMail {
            order: rows::document(row, "document")?,
            email: rows::text(row, "email")?,
            name: rows::text(row, "name")?,
        })
    })
}

#[async_trait]
impl Mails for SqliteStore {
    async fn prepare_mail(&self, id: MailId, token: TokenHash, now: DateTime) -> Result<Option<MailToSend>> {
        self.writer.write(move |connection| prepare(connection, id, token, now)).await
    }

    async fn mail_sent(&self, id: MailId, now: DateTime) -> Result<()> {
        let sql = "UPDATE mail SET sent_at = ?2 WHERE id = ?1";
        let values = (id.uuid(), now.timestamp_micros());
        self.writer.write(move |connection| rows::execute(connection, sql, values).map(drop).map_err(failed)).await
    }

    async fn order_to_mail(&self, order: OrderId, event: EventId) -> Result<Option<OrderToMail>> {
        self.read(move |connection| order_to_mail(connection, order, event)).await
    }

    async fn order_mailed(&self, event: EventId, until: DateTime) -> Result<()> {
        let sql = "INSERT INTO order_mail (event_id, expires_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let values = (event.uuid(), until.timestamp_micros());
        self.writer.write(move |connection| rows::execute(connection, sql, values).map(drop).map_err(failed)).await
    }

    async fn expire_mails(&self, now: DateTime) -> Result<usize> {
        self.writer
            .write(move |connection| {
                let sweep = |sql| rows::execute(connection, sql, [now.timestamp_micros()]).map_err(failed);
                let mails = sweep("DELETE FROM mail WHERE expires_at <= ?1")?;
                Ok(mails + sweep("DELETE FROM order_mail WHERE expires_at <= ?1")?)
            })
            .await
    }
}
