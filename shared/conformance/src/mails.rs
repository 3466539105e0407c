//! The mails that wishes cause, from the wish until they are sent or too old.

use crate::mailbox::{
    hash, mail_of, mails, prepared, registration, token, wish_for_address, wish_for_password, wish_to_register,
};
use crate::shop::{assert_refused, at_once, cause, claimed, email, newcomer, outbox, person};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{
    Cause, CustomerStatus, Event, MailId, MailKind, NewCustomer, PersonName, Role, SessionId, from_micros, now,
};
use std::sync::Arc;

/// A mail says why it is sent, to which address, whose that is as far as anybody knows, and what became of the account.
pub async fn a_mail_says_to_whom_and_why(store: Arc<dyn Store>) {
    let new = |address, name| newcomer(address, name, Role::Customer);
    let ada = store.register_customer(new("ada@example.com", "Ada 𠮷"), &cause()).await.expect("a person").value;
    let eve = store.register_customer(new("eve@example.com", "Eve"), &cause()).await.expect("a person").value;
    store.set_customer_status(eve.id, true, ada.id, &cause()).await.expect("a change");
    let (active, shut) = (Some(CustomerStatus::Active), Some(CustomerStatus::Disabled));
    let wishes = [
        // Words of a stranger are not sent to somebody who is known.
        ("ada@example.com", "Ada 𠮷", active),
        ("eve@example.com", "Eve", shut),
        ("new@example.com", "Stranger é😀", None),
    ];
    for (number, (address, name, account)) in (1..).zip(wishes) {
        let wish = store.request_registration(registration(address, "Stranger é😀"), &cause()).await.expect("a wish");
        let mail = prepared(&store, mail_of(&wish.events, MailKind::Registration), number).await;
        assert_eq!((mail.kind, mail.email, mail.account), (MailKind::Registration, email(address), account));
        assert_eq!(mail.name.as_ref().map(PersonName::as_str), Some(name));
    }
    let wishes = [
        ("ada@example.com", Some("Ada 𠮷"), active),
        ("eve@example.com", Some("Eve"), shut),
        ("new@example.com", None, None),
    ];
    for (number, (address, name, account)) in (11..).zip(wishes) {
        let wish = store.request_password_reset(&email(address), &cause()).await.expect("a wish");
        let id = mail_of(&wish.events, MailKind::PasswordReset);
        let mail = prepared(&store, id, number).await;
        assert_eq!((mail.id, mail.kind, mail.email), (id, MailKind::PasswordReset, email(address)));
        assert_eq!((mail.name.as_ref().map(PersonName::as_str), mail.account), (name, account));
    }
}

/// A mail that is written again has another link; the one of before does not work any more.
pub async fn only_the_last_link_of_a_mail_works(store: Arc<dyn Store>) {
    let id = wish_to_register(&store, "ada@example.com", 1).await;
    assert_eq!(prepared(&store, id, 2).await.id, id);
    assert_refused(store.verify_email(token(1), &cause()).await, "invalid_link");
    store.verify_email(token(2), &cause()).await.expect("a customer");
}

/// A mail that several write at once has one link that works.
pub async fn a_mail_that_several_write_at_once_has_one_link(store: Arc<dyn Store>) {
    let id = wish_to_register(&store, "ada@example.com", 0).await;
    let write = |number: u8| {
        let store = store.clone();
        async move { prepared(&store, id, number).await.id }
    };
    at_once((1..9).map(write)).await;
    let mut working = 0;
    for number in 0..9 {
        working += usize::from(store.verify_email(token(number), &cause()).await.is_ok());
    }
    assert_eq!(working, 1);
}

/// Once a mail is sent there is nothing to send, and its link works.
pub async fn a_mail_that_was_sent_is_not_sent_again(store: Arc<dyn Store>) {
    let id = wish_to_register(&store, "ada@example.com", 1).await;
    for _ in 0..2 {
        store.mail_sent(id, now()).await.expect("a note");
        assert!(store.prepare_mail(id, token(2), now()).await.expect("an answer").is_none());
    }
    assert_refused(store.verify_email(token(2), &cause()).await, "invalid_link");
    store.verify_email(token(1), &cause()).await.expect("a customer");
}

/// A mail whose link was used is not written again, although nobody noted that it was sent.
pub async fn a_mail_whose_link_was_used_is_not_written_again(store: Arc<dyn Store>) {
    let registration = wish_to_register(&store, "ada@example.com", 1).await;
    let customer = store.verify_email(token(1), &cause()).await.expect("a customer").value;
    let reset = wish_for_password(&store, "ada@example.com", 2).await;
    store.reset_password(token(2), hash("new"), &cause()).await.expect("a reset");
    let change = wish_for_address(&store, customer.id, "new@example.com", 3).await;
    store.verify_email(token(3), &cause()).await.expect("another address");
    for id in [registration, reset, change] {
        assert!(store.prepare_mail(id, token(4), now()).await.expect("an answer").is_none());
    }
}

/// A mail that is too old is not sent, to the microsecond, and none that nobody knows.
pub async fn a_mail_that_is_too_old_is_not_sent(store: Arc<dyn Store>) {
    let wished = from_micros(4_000_000_000_123_457);
    let cause = Cause { at: wished, ..cause() };
    let id = person(&store, "ada@example.com", Role::Customer).await.id;
    let notice = store.change_password(id, hash("new"), SessionId::new(), &cause).await.expect("a change");
    let reset = store.request_password_reset(&email("ada@example.com"), &cause).await.expect("a wish");
    for (kind, events) in [(MailKind::PasswordReset, reset.events), (MailKind::PasswordChanged, notice.events)] {
        let (mail, end) = (mail_of(&events, kind), wished + kind.kept());
        assert!(store.prepare_mail(mail, token(1), end).await.expect("an answer").is_none());
        let last = end - Duration::microseconds(1);
        assert!(store.prepare_mail(mail, token(1), last).await.expect("an answer").is_some());
    }
    let unknown = MailId::new();
    assert!(store.prepare_mail(unknown, token(2), now()).await.expect("an answer").is_none());
    store.mail_sent(unknown, now()).await.expect("nothing to note");
}

/// A sweep forgets the mails whose time is over, sent or not, and no others; it tells how many.
pub async fn a_sweep_forgets_the_mails_that_are_too_old(store: Arc<dyn Store>) {
    let wished = from_micros(4_000_000_000_123_457);
    let cause = Cause { at: wished, ..cause() };
    let invited = store.invite_staff(newcomer("ada@example.com", "Ada", Role::Manager), None, &cause).await;
    let invited = invited.expect("an invitation");
    let id = invited.value.id;
    let mut left: Vec<_> = mails(&invited.events);
    left.extend(mails(&store.request_password_reset(&email("a@example.com"), &cause).await.expect("a wish").events));
    left.extend(mails(&store.request_password_reset(&email("b@example.com"), &cause).await.expect("a wish").events));
    left.extend(mails(&store.request_email_change(id, &email("c@example.com"), &cause).await.expect("a wish").events));
    left.extend(mails(
        &store.request_registration(registration("d@example.com", "D"), &cause).await.expect("a wish").events,
    ));
    // Somebody else's: another password would end the links above.
    let other = person(&store, "e@example.com", Role::Customer).await.id;
    left.extend(mails(
        &store.change_password(other, hash("new"), SessionId::new(), &cause).await.expect("a change").events,
    ));
    store.mail_sent(left[1].mail_id, wished).await.expect("a note");
    let sent = left[1].mail_id;
    let moment = Duration::microseconds(1);
    for (after, forgotten) in [
        (Duration::zero(), 0),
        (Duration::minutes(30) - moment, 0),
        (Duration::minutes(30), 2),
        (Duration::minutes(30), 0),
        (Duration::hours(24) - moment, 0),
        (Duration::hours(24), 3),
        (Duration::days(7) - moment, 0),
        (Duration::days(7), 1),
        (Duration::days(99), 0),
    ] {
        assert_eq!(store.expire_mails(wished + after).await.expect("a sweep"), forgotten, "{after}");
        left.retain(|mail| mail.kind.kept() > after);
        // At the moment of the wish none is too old, so only what is forgotten is not there.
        for (number, mail) in (0..).zip(&left) {
            let found = store.prepare_mail(mail.mail_id, token(number), wished).await.expect("an answer");
            assert_eq!(found.is_some(), mail.mail_id != sent, "{after} {:?}", mail.kind);
        }
    }
    assert!(left.is_empty());
}

/// A notice has no link: whatever token it was written with opens nothing.
pub async fn a_notice_has_no_link(store: Arc<dyn Store>) {
    let new = NewCustomer { password_hash: hash("old"), ..newcomer("ada@example.com", "Ada", Role::Customer) };
    let id = store.register_customer(new, &cause()).await.expect("a registration").value.id;
    let mut notices: Vec<Event> = Vec::new();
    notices.extend(store.change_password(id, hash("new"), SessionId::new(), &cause()).await.expect("a change").events);
    store.offer_second_factor(id, b"sealed".to_vec(), Vec::new()).await.expect("an offer");
    notices
        .extend(store.confirm_second_factor(id, 1, SessionId::new(), &cause()).await.expect("a confirmation").events);
    notices.extend(store.remove_second_factor(id, &cause()).await.expect("a removal").events);
    wish_for_address(&store, id, "new@example.com", 99).await;
    notices.extend(store.verify_email(token(99), &cause()).await.expect("another address").events);
    let notices = mails(&notices);
    let kinds: Vec<_> = notices.iter().map(|mail| mail.kind).collect();
    let factor = MailKind::SecondFactorChanged;
    assert_eq!(kinds, [MailKind::PasswordChanged, factor, factor, MailKind::EmailChanged]);
    for (number, notice) in (0..).zip(notices) {
        let mail = prepared(&store, notice.mail_id, number).await;
        assert_eq!((mail.kind, mail.name.as_ref().map(PersonName::as_str)), (notice.kind, Some("Ada")));
        assert_refused(store.verify_email(token(number), &cause()).await, "invalid_link");
        assert_refused(store.reset_password(token(number), hash("newer"), &cause()).await, "invalid_link");
    }
}

/// What asks for mail is told in the outbox with the moment and correlation of its command; a repetition asks for none.
pub async fn mail_is_asked_for_in_the_outbox(store: Arc<dyn Store>) {
    let cause = claimed("scope", "key", 1);
    let told = store.request_password_reset(&email("ada@example.com"), &cause).await.expect("a wish").events;
    let id = mail_of(&told, MailKind::PasswordReset);
    assert_eq!((told[0].time, &told[0].correlation_id), (cause.at, &cause.correlation_id));
    assert_eq!((told[0].source.as_str(), told[0].subject.clone()), ("/souk/mail", id.to_string()));
    let again = store.request_password_reset(&email("ada@example.com"), &cause).await.expect("a repetition");
    assert!(again.events.is_empty() && again.replayed.is_some());
    assert_eq!(outbox(&store).await, told);
}
