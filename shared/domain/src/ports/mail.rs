use crate::{DateTime, EventId, MailId, MailToSend, OrderId, OrderToMail, OutgoingMail, Result, TokenHash};
use async_trait::async_trait;

/// The mails that people's wishes caused, and those that tell buyers of their orders.
#[async_trait]
pub trait Mails: Send + Sync {
    /// What to send, and the hash of the token in its link from now on; `None` when it was sent before, its link was
    /// used, or it is too old. For somebody with an account, the name is theirs, whatever the wish said.
    async fn prepare_mail(&self, id: MailId, token: TokenHash, now: DateTime) -> Result<Option<MailToSend>>;

    /// Notes that a mail was sent, or that there was nothing to send.
    async fn mail_sent(&self, id: MailId, now: DateTime) -> Result<()>;

    /// The order that an event told of, for the mail that tells its buyer; `None` once that was sent, and for a buyer who was forgotten.
    async fn order_to_mail(&self, order: OrderId, event: EventId) -> Result<Option<OrderToMail>>;

    /// Notes that the mail of an event was sent, or that there was nothing to send. Forgotten after `until`.
    async fn order_mailed(&self, event: EventId, until: DateTime) -> Result<()>;

    /// Forgets the mails whose time is over, and what was noted of those of orders; the number forgotten.
    async fn expire_mails(&self, now: DateTime) -> Result<usize>;
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over to whoever delivers it.
    async fn send(&self, mail: &OutgoingMail) -> Result<()>;
}
