use crate::defect;
use async_trait::async_trait;
use lettre::message::{Mailbox, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use souk_domain::ports::Mailer;
use souk_domain::{Error, OutgoingMail, Result};
use std::time::Duration;
use tracing::Instrument;

/// How long each step of a conversation with the server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends over SMTP, on connections that are kept.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Remembers the server; the first mail connects.
    ///
    /// # Errors
    /// `Internal`, see [`mailer`](crate::mailer).
    pub fn new(url: &SecretString, from: &str) -> Result<Self> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        let transport = builder.map_err(|_| defect("not the URL of a mail server"))?.timeout(Some(PATIENCE)).build();
        let from = from.parse().map_err(|_| defect("not the address of a sender"))?;
        Ok(Self { transport, from })
    }

    fn message(&self, mail: &OutgoingMail) -> Result<Message> {
        let to = mail.to.as_str().parse().map_err(|_| defect("an address that mail cannot go to"))?;
        Message::builder()
            // A mail that is sent once more has the id of the first: mailboxes that look show one.
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|_| defect("a mail that cannot be written"))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<()> {
        let span = tracing::debug_span!("mail", otel.name = "SMTP", otel.kind = "client");
        match self.transport.send(self.message(mail)?).instrument(span).await {
            Ok(_) => Ok(()),
            // A server's words may quote the address, so only their kind is told.
            Err(error) if error.is_permanent() => {
                Err(Error::Internal(format!("the mail server refuses mail {} for good", mail.id)))
            }
            Err(error) => {
                let kind = if error.is_timeout() { "did not answer in time" } else { "cannot be used" };
                Err(Error::Unavailable(format!("the mail server {kind}")))
            }
        }
    }
}
