//! The mail that people's wishes cause, and the tokens in its links.

use crate::shop::{AnyStore, cause, email, person_name};
use secrecy::SecretString;
use souk_domain::{
    CustomerId, DateTime, Event, EventData, MailEvent, MailId, MailKind, MailToSend, NewRegistration, SessionId,
    TokenHash, now,
};

/// The hash of a token or a recovery code: one for each number.
pub(crate) fn token(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

/// The hash of a password.
pub(crate) fn hash(password: &str) -> SecretString {
    format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${password}").into()
}

/// Somebody's wish to be a customer, with the password "registered".
pub(crate) fn registration(address: &str, name: &str) -> NewRegistration {
    NewRegistration { email: email(address), name: person_name(name), password_hash: hash("registered") }
}

/// A session that began at a moment.
pub(crate) fn session_of(moment: DateTime) -> SessionId {
    let (seconds, nanos) = (moment.timestamp().unsigned_abs(), moment.timestamp_subsec_nanos());
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)).into()
}

/// What events ask mail for.
pub(crate) fn mails(events: &[Event]) -> Vec<MailEvent> {
    let mails = events.iter().filter_map(|event| match &event.data {
        EventData::MailRequested(mail) => Some(mail.clone()),
        _ => None,
    });
    mails.collect()
}

/// The mail of this kind that the one event of a command asks for.
#[track_caller]
pub(crate) fn mail_of(events: &[Event], kind: MailKind) -> MailId {
    let [event] = events else { panic!("one event: {events:?}") };
    let EventData::MailRequested(mail) = &event.data else { panic!("{event:?}") };
    assert_eq!((mail.kind, event.subject.clone(), event.version), (kind, mail.mail_id.to_string(), 1));
    mail.mail_id
}

/// Writes a mail; the token of the number is in its link from now on.
pub(crate) async fn prepared(store: &AnyStore, id: MailId, number: u8) -> MailToSend {
    store.prepare_mail(id, token(number), now()).await.expect("an answer").expect("a mail")
}

/// A wish to register; its link has the token of the number.
pub(crate) async fn wish_to_register(store: &AnyStore, address: &str, number: u8) -> MailId {
    let wish = store.request_registration(registration(address, "Ada"), &cause()).await.expect("a wish");
    prepared(store, mail_of(&wish.events, MailKind::Registration), number).await.id
}

/// A wish for another password; its link has the token of the number.
pub(crate) async fn wish_for_password(store: &AnyStore, address: &str, number: u8) -> MailId {
    let wish = store.request_password_reset(&email(address), &cause()).await.expect("a wish");
    prepared(store, mail_of(&wish.events, MailKind::PasswordReset), number).await.id
}

/// A wish for another address; its link has the token of the number.
pub(crate) async fn wish_for_address(store: &AnyStore, id: CustomerId, address: &str, number: u8) -> MailId {
    let wish = store.request_email_change(id, &email(address), &cause()).await.expect("a wish");
    prepared(store, mail_of(&wish.events, MailKind::EmailChange), number).await.id
}
