//! Mail: over SMTP (Amazon SES has an SMTP endpoint, too), or into a folder of this machine for people who try the shop out.

mod folder;
mod smtp;

pub use folder::{FolderMailer, SentMail};
pub use smtp::SmtpMailer;

use secrecy::{ExposeSecret, SecretString};
use souk_domain::ports::Mailer;
use souk_domain::{Error, Result};
use std::path::Path;
use std::sync::Arc;

/// The mailer that a URL names: `smtps://user:password@host:port`, `smtp://host:port?tls=required` (STARTTLS), or
/// `folder:{path}`. `from` is the sender, such as `Souk <shop@example.com>`.
///
/// # Errors
/// `Internal` when the URL or the sender is none; the URL is left out, since it may hold a password.
pub fn mailer(url: &SecretString, from: &str) -> Result<Arc<dyn Mailer>> {
    match url.expose_secret().strip_prefix("folder:") {
        Some(path) => Ok(Arc::new(FolderMailer::new(Path::new(path)))),
        None => Ok(Arc::new(SmtpMailer::new(url, from)?)),
    }
}

fn defect(text: &str) -> Error {
    Error::Internal(text.to_owned())
}
