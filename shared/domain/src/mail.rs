use crate::{CustomerStatus, Email, MailId, Order, PersonName};
use chrono::Duration;
use serde::{Deserialize, Serialize};

/// Why somebody gets mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Somebody wants to register with the address: a link, or, when it is registered, a word to its owner.
    Registration,
    /// Somebody forgot the password: a link, or nothing when nobody has the address.
    PasswordReset,
    /// A customer wants this new address: a link.
    EmailChange,
    /// Somebody works for the shop from now on: a link to choose a password.
    Invitation,
    /// The address is no longer the account's; goes to the old one.
    EmailChanged,
    /// The password is another one.
    PasswordChanged,
    /// A log-in asks for a code now, or no longer.
    SecondFactorChanged,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [MailKind; 7] = [
        MailKind::Registration,
        MailKind::PasswordReset,
        MailKind::EmailChange,
        MailKind::Invitation,
        MailKind::EmailChanged,
        MailKind::PasswordChanged,
        MailKind::SecondFactorChanged,
    ];

    /// The word that stands for the kind in stores and events.
    pub fn as_str(self) -> &'static str {
        match self {
            MailKind::Registration => "registration",
            MailKind::PasswordReset => "password_reset",
            MailKind::EmailChange => "email_change",
            MailKind::Invitation => "invitation",
            MailKind::EmailChanged => "email_changed",
            MailKind::PasswordChanged => "password_changed",
            MailKind::SecondFactorChanged => "second_factor_changed",
        }
    }

    /// The kind that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// How long the link in it works, from the wish on; `None` for mail without one. A reset opens an account at once, so its
    /// link is short-lived.
    pub fn link_life(self) -> Option<Duration> {
        match self {
            MailKind::Registration | MailKind::EmailChange => Some(Duration::hours(24)),
            MailKind::PasswordReset => Some(Duration::minutes(30)),
            MailKind::Invitation => Some(Duration::days(7)),
            MailKind::EmailChanged | MailKind::PasswordChanged | MailKind::SecondFactorChanged => None,
        }
    }

    /// How long a wish is kept: as long as its link works, or long enough to be sent late.
    pub fn kept(self) -> Duration {
        self.link_life().unwrap_or(Duration::days(1))
    }
}

/// A mail that somebody's wish caused, as the function that sends it gets it.
#[derive(Clone, Debug)]
pub struct MailToSend {
    /// Which.
    pub id: MailId,
    /// Why.
    pub kind: MailKind,
    /// Where to.
    pub email: Email,
    /// Who, as far as anybody knows.
    pub name: Option<PersonName>,
    /// The status of the account with that address; `None` when there is none.
    pub account: Option<CustomerStatus>,
}

/// An order that its buyer is to get mail of.
#[derive(Clone, Debug)]
pub struct OrderToMail {
    /// As it is now.
    pub order: Order,
    /// Where its buyer is reached now.
    pub email: Email,
    /// Who they are.
    pub name: PersonName,
}

/// A mail as it is sent.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// The id of the wish, or of the event that it tells of: the same in every attempt, so that a second one can be told from another mail.
    pub id: MailId,
    /// Where to.
    pub to: Email,
    /// What it is about.
    pub subject: String,
    /// Plain text.
    pub text: String,
}
