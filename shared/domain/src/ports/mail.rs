use crate::{DateTime, MailId, MailToSend, OutgoingMail, Result, TokenHash};
use async_trait::async_trait;

/// The mails that people's wishes caused.
#[async_trait]
pub trait Mails: Send + Sync {
    /// What to send, and the hash of the token in its link from now on; `None` when it was sent before, its link was
    /// used, or it is too old. For somebody with an account, the name is theirs, whatever the wish said.
    async fn prepare_mail(&self, id: MailId, token: TokenHash, now: DateTime) -> Result<Option<MailToSend>>;

    /// Notes that a mail was sent, or that there was nothing to send.
    async fn mail_sent(&self, id: MailId, now: DateTime) -> Result<()>;

    /// Forgets the mails whose time is over; the number forgotten.
    async fn expire_mails(&self, now: DateTime) -> Result<usize>;
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over to whoever delivers it.
    async fn send(&self, mail: &OutgoingMail) -> Result<()>;
}
