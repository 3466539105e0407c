//! How people come to have another address: the owner of the new one confirms it, that of the old one is told.

use crate::mailbox::{hash, mail_of, prepared, token, wish_for_address};
use crate::shop::{assert_not_found, assert_refused, at_once, cause, email, newcomer, outbox, person, winners};
use chrono::Duration;
use secrecy::ExposeSecret;
use souk_domain::ports::Store;
use souk_domain::{Cause, Customer, CustomerId, CustomerStatus, MailKind, NewCustomer, Role, SessionCutoff, now};
use std::sync::Arc;

/// The mail about a change goes to the new address; its link changes the address and nothing else.
pub async fn a_confirmed_change_gives_another_address(store: Arc<dyn Store>) {
    let new = NewCustomer { password_hash: hash("kept"), ..newcomer("old@example.com", "Ada", Role::Manager) };
    let old = store.register_customer(new, &cause()).await.expect("a registration").value;
    let wish = store.request_email_change(old.id, &email("New@Example.com"), &cause()).await.expect("a wish");
    let mail = prepared(&store, mail_of(&wish.events, MailKind::EmailChange), 1).await;
    assert_eq!((mail.kind, mail.email, mail.account), (MailKind::EmailChange, email("new@example.com"), None));
    assert_eq!(mail.name, Some(old.name.clone()));
    assert_eq!(store.customer(old.id).await.expect("a customer"), old);
    let cause = Cause { at: now() + Duration::microseconds(1), ..cause() };
    let changed = store.verify_email(token(1), &cause).await.expect("another address").value;
    assert_eq!(changed, Customer { email: email("new@example.com"), version: 2, updated_at: cause.at, ..old.clone() });
    assert!(store.account_of(&old.email).await.expect("an answer").is_none());
    let account = store.account_of(&changed.email).await.expect("an answer").expect("an account");
    assert_eq!(account.password_hash.expose_secret(), hash("kept").expose_secret());
    assert_eq!(account.cutoff, SessionCutoff::NEVER);
    assert_eq!(account.customer, changed);
}

/// The owner of the old address is told that it is no longer the account's.
pub async fn the_old_address_is_told_of_a_change(store: Arc<dyn Store>) {
    let old = person(&store, "old@example.com", Role::Customer).await;
    wish_for_address(&store, old.id, "new@example.com", 1).await;
    let done = store.verify_email(token(1), &cause()).await.expect("another address");
    let mail = prepared(&store, mail_of(&done.events, MailKind::EmailChanged), 2).await;
    assert_eq!((mail.kind, mail.email, mail.name), (MailKind::EmailChanged, old.email, Some(old.name)));
    assert_eq!(mail.account, None);
}

/// A link that changed an address changes none again, also when another change came since.
pub async fn the_link_of_a_change_works_once(store: Arc<dyn Store>) {
    let id = person(&store, "old@example.com", Role::Customer).await.id;
    wish_for_address(&store, id, "new@example.com", 1).await;
    wish_for_address(&store, id, "newer@example.com", 2).await;
    store.verify_email(token(1), &cause()).await.expect("another address");
    store.verify_email(token(2), &cause()).await.expect("another address");
    let events = outbox(&store).await.len();
    for number in [1, 2] {
        assert_refused(store.verify_email(token(number), &cause()).await, "invalid_link");
    }
    let customer = store.customer(id).await.expect("a customer");
    assert_eq!((customer.email, customer.version), (email("newer@example.com"), 3));
    assert_eq!(outbox(&store).await.len(), events);
}

/// One link that is used several times at once changes the address once and tells of it once.
pub async fn one_of_several_uses_of_a_change_at_once_succeeds(store: Arc<dyn Store>) {
    let id = person(&store, "old@example.com", Role::Customer).await.id;
    wish_for_address(&store, id, "new@example.com", 1).await;
    let events = outbox(&store).await.len();
    let verify = |_| {
        let store = store.clone();
        async move { store.verify_email(token(1), &cause()).await }
    };
    assert_eq!(winners(&at_once((0..12).map(verify)).await, "invalid_link"), 1);
    assert_eq!(store.customer(id).await.expect("a customer").version, 2);
    assert_eq!(outbox(&store).await.len(), events + 1);
}

/// An address that became somebody else's in the meantime is refused; nobody is told and the link stays as it was.
pub async fn an_address_that_was_taken_meanwhile_is_refused(store: Arc<dyn Store>) {
    let ada = person(&store, "ada@example.com", Role::Customer).await;
    wish_for_address(&store, ada.id, "new@example.com", 1).await;
    let eve = person(&store, "new@example.com", Role::Customer).await;
    let events = outbox(&store).await.len();
    for _ in 0..2 {
        assert_refused(store.verify_email(token(1), &cause()).await, "email_taken");
    }
    for somebody in [&ada, &eve] {
        assert_eq!(store.customer(somebody.id).await.expect("a customer"), *somebody);
    }
    assert_eq!(outbox(&store).await.len(), events);
    wish_for_address(&store, eve.id, "eve@example.com", 2).await;
    store.verify_email(token(2), &cause()).await.expect("another address");
    let changed = store.verify_email(token(1), &cause()).await.expect("the address is free").value;
    assert_eq!((changed.id, changed.email, changed.version), (ada.id, email("new@example.com"), 2));
}

/// An address that several change to at once goes to one of them.
pub async fn an_address_that_several_change_to_at_once_goes_to_one(store: Arc<dyn Store>) {
    for number in 0..8 {
        let id = person(&store, &format!("old{number}@example.com"), Role::Customer).await.id;
        wish_for_address(&store, id, "new@example.com", number).await;
    }
    let verify = |number| {
        let store = store.clone();
        async move { store.verify_email(token(number), &cause()).await }
    };
    let results = at_once((0..8).map(verify)).await;
    assert_eq!(winners(&results, "email_taken"), 1);
    let winner = results.into_iter().find_map(Result::ok).expect("a winner").value;
    let found = store.account_of(&email("new@example.com")).await.expect("an answer").expect("an account");
    assert_eq!(found.customer, winner);
}

/// Nobody who is unknown wishes for an address.
pub async fn a_change_of_nobody_is_not_found(store: Arc<dyn Store>) {
    let wish = store.request_email_change(CustomerId::new(), &email("new@example.com"), &cause()).await;
    assert_not_found(wish, "customer");
    assert!(outbox(&store).await.is_empty());
}

/// Somebody who was shut out since the wish keeps the address.
pub async fn somebody_shut_out_keeps_their_address(store: Arc<dyn Store>) {
    let (admin, id) = (
        person(&store, "admin@example.com", Role::Admin).await.id,
        person(&store, "old@example.com", Role::Customer).await.id,
    );
    wish_for_address(&store, id, "new@example.com", 1).await;
    let shut = store.set_customer_status(id, true, admin, &cause()).await.expect("a change").value;
    let events = outbox(&store).await.len();
    assert_refused(store.verify_email(token(1), &cause()).await, "invalid_link");
    assert_eq!((shut.status, &shut.email), (CustomerStatus::Disabled, &email("old@example.com")));
    assert_eq!(store.customer(id).await.expect("a customer"), shut);
    assert_eq!(outbox(&store).await.len(), events);
}
