//! Authenticators and the codes that stand in for them.

use crate::mailbox::{mail_of, prepared, token};
use crate::shop::{AnyStore, assert_not_found, assert_refused, at_once, cause, outbox, person, winners};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{Cause, Customer, CustomerId, CustomerStatus, MailKind, Role, SessionId, TokenHash, now};
use std::sync::Arc;

/// The time step of the code that confirms: one of the year 2026.
const CONFIRMED: i64 = 59_000_000;

async fn ada(store: &AnyStore) -> CustomerId {
    person(store, "ada@example.com", Role::Customer).await.id
}

/// Somebody with a confirmed authenticator and recovery codes of these numbers.
async fn with_factor(store: &AnyStore, address: &str, codes: impl IntoIterator<Item = u8>) -> CustomerId {
    let id = person(store, address, Role::Customer).await.id;
    offer(store, id, b"sealed", codes).await;
    store.confirm_second_factor(id, CONFIRMED, SessionId::new(), &cause()).await.expect("a confirmation");
    id
}

async fn offer(store: &AnyStore, id: CustomerId, sealed: &[u8], codes: impl IntoIterator<Item = u8>) {
    let codes: Vec<TokenHash> = codes.into_iter().map(token).collect();
    store.offer_second_factor(id, sealed.to_vec(), codes).await.expect("an offer");
}

async fn secret(store: &AnyStore, id: CustomerId) -> Option<Vec<u8>> {
    store.account(id).await.expect("an account").sealed_secret
}

async fn recovers(store: &AnyStore, id: CustomerId, code: u8) -> bool {
    store.use_recovery_code(id, token(code)).await.expect("an answer")
}

async fn steps(store: &AnyStore, id: CustomerId, step: i64) -> bool {
    store.use_step(id, step).await.expect("an answer")
}

/// What is offered is kept, byte by byte, and asked for once it is confirmed; the owner is told.
pub async fn an_offered_factor_waits_for_its_confirmation(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    let old = store.customer(id).await.expect("a customer");
    assert_eq!(secret(&store, id).await, None);
    let sealed: Vec<u8> = (0..=255).collect();
    offer(&store, id, &sealed, [1, 2]).await;
    assert_eq!(secret(&store, id).await, Some(sealed.clone()));
    assert_eq!(store.customer(id).await.expect("a customer"), old);
    assert!(outbox(&store).await.is_empty());
    let cause = Cause { at: now() + Duration::microseconds(1), ..cause() };
    let done = store.confirm_second_factor(id, CONFIRMED, SessionId::new(), &cause).await.expect("a confirmation");
    assert_eq!(done.value, Customer { second_factor: true, version: 2, updated_at: cause.at, ..old });
    assert_eq!(store.customer(id).await.expect("a customer"), done.value);
    assert_eq!(secret(&store, id).await, Some(sealed));
    let mail = prepared(&store, mail_of(&done.events, MailKind::SecondFactorChanged), 9).await;
    assert_eq!((mail.email, mail.account), (done.value.email, Some(CustomerStatus::Active)));
}

/// A session that began without a code does not become one of somebody who showed one: only the one that confirmed goes on.
pub async fn a_confirmation_ends_the_other_sessions(store: Arc<dyn Store>) {
    let (id, kept, other) = (ada(&store).await, SessionId::new(), SessionId::new());
    offer(&store, id, b"sealed", [1]).await;
    let cause = Cause { at: now() + Duration::seconds(1), ..cause() };
    store.confirm_second_factor(id, CONFIRMED, kept, &cause).await.expect("a confirmation");
    let cutoff = store.account(id).await.expect("an account").cutoff;
    assert!(cutoff.ends(other) && !cutoff.ends(kept));
}

/// Another offer takes the place of one that was not confirmed, codes and all.
pub async fn an_offer_replaces_the_one_before(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    offer(&store, id, b"first", [1, 2]).await;
    offer(&store, id, b"second", [2, 3]).await;
    assert_eq!(secret(&store, id).await, Some(b"second".to_vec()));
    store.confirm_second_factor(id, CONFIRMED, SessionId::new(), &cause()).await.expect("a confirmation");
    for (code, works) in [(1, false), (2, true), (3, true)] {
        assert_eq!(recovers(&store, id, code).await, works, "{code}");
    }
}

/// A confirmed authenticator is neither replaced nor confirmed again, and its codes stay.
pub async fn a_confirmed_factor_is_not_replaced(store: Arc<dyn Store>) {
    let id = with_factor(&store, "ada@example.com", [1]).await;
    let (customer, events) = (store.customer(id).await.expect("a customer"), outbox(&store).await.len());
    assert_refused(store.offer_second_factor(id, b"other".to_vec(), vec![token(2)]).await, "second_factor_enabled");
    assert_refused(
        store.confirm_second_factor(id, CONFIRMED + 9, SessionId::new(), &cause()).await,
        "second_factor_enabled",
    );
    assert_eq!(secret(&store, id).await, Some(b"sealed".to_vec()));
    assert_eq!(store.customer(id).await.expect("a customer"), customer);
    assert!(!recovers(&store, id, 2).await && recovers(&store, id, 1).await);
    assert!(steps(&store, id, CONFIRMED + 1).await, "the refused confirmation used no step up");
    assert_eq!(outbox(&store).await.len(), events);
}

/// Without an offer there is nothing to confirm, without a confirmation nothing to remove.
pub async fn a_factor_that_is_missing_is_told(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    for _ in 0..2 {
        assert_refused(store.remove_second_factor(id, &cause()).await, "second_factor_missing");
        assert_refused(
            store.confirm_second_factor(id, CONFIRMED, SessionId::new(), &cause()).await,
            "second_factor_missing",
        );
    }
    offer(&store, id, b"sealed", [1]).await;
    assert_refused(store.remove_second_factor(id, &cause()).await, "second_factor_missing");
    assert!(outbox(&store).await.is_empty());
    store.confirm_second_factor(id, CONFIRMED, SessionId::new(), &cause()).await.expect("the offer is still there");
}

/// A factor that is removed is gone with its codes; the owner is told, and may set another one up.
pub async fn a_removed_factor_is_gone(store: Arc<dyn Store>) {
    let id = with_factor(&store, "ada@example.com", [1, 2]).await;
    let old = store.customer(id).await.expect("a customer");
    let cause = Cause { at: now() + Duration::microseconds(1), ..cause() };
    let done = store.remove_second_factor(id, &cause).await.expect("a removal");
    let expected = Customer { second_factor: false, version: 3, updated_at: cause.at, ..old };
    assert_eq!(done.value, expected);
    assert_eq!(store.customer(id).await.expect("a customer"), expected);
    assert_eq!(secret(&store, id).await, None);
    assert!(!recovers(&store, id, 1).await);
    let mail = prepared(&store, mail_of(&done.events, MailKind::SecondFactorChanged), 9).await;
    assert_eq!(mail.email, expected.email);
    assert_refused(store.remove_second_factor(id, &cause).await, "second_factor_missing");
    assert_refused(store.confirm_second_factor(id, CONFIRMED, SessionId::new(), &cause).await, "second_factor_missing");
    offer(&store, id, b"other", [3]).await;
    store.confirm_second_factor(id, CONFIRMED + 5, SessionId::new(), &cause).await.expect("another one");
    assert!(!recovers(&store, id, 2).await && recovers(&store, id, 3).await);
    assert_eq!(secret(&store, id).await, Some(b"other".to_vec()));
}

/// A code is used up with its time step and every earlier one, that of the confirmation included.
pub async fn steps_only_grow(store: Arc<dyn Store>) {
    let id = with_factor(&store, "ada@example.com", []).await;
    for (step, works) in [(0, false), (-1, false), (1, true), (1, false), (5, true), (3, false), (5, false), (6, true)]
    {
        assert_eq!(steps(&store, id, CONFIRMED + step).await, works, "{step}");
    }
    let version = store.customer(id).await.expect("a customer").version;
    assert_eq!(version, 2, "a log-in is no change of the person");
}

/// A code that several log-ins bring at once lets one of them in.
pub async fn a_step_lets_one_of_several_at_once_in(store: Arc<dyn Store>) {
    let id = with_factor(&store, "ada@example.com", []).await;
    let log_in = |step: i64| {
        let store = store.clone();
        async move { steps(&store, id, step).await }
    };
    let results = at_once((0..12).map(|_| log_in(CONFIRMED + 1))).await;
    assert_eq!(results.iter().filter(|is_in| **is_in).count(), 1);
    let results = at_once((2..14).map(|step| log_in(CONFIRMED + step))).await;
    assert!(results[11], "no later step was used");
    assert!(!steps(&store, id, CONFIRMED + 13).await && steps(&store, id, CONFIRMED + 14).await);
}

/// A recovery code works once, and for its owner only.
pub async fn a_recovery_code_works_once(store: Arc<dyn Store>) {
    let ada = with_factor(&store, "ada@example.com", [1, 2]).await;
    // Two people may have the same code by chance.
    let eve = with_factor(&store, "eve@example.com", [2, 3]).await;
    for (id, code, works) in [
        (ada, 1, true),
        (ada, 1, false),
        (ada, 3, false),
        (eve, 1, false),
        (eve, 2, true),
        (ada, 2, true),
        (ada, 2, false),
        (eve, 3, true),
        (eve, 4, false),
    ] {
        assert_eq!(recovers(&store, id, code).await, works, "{code}");
    }
}

/// A recovery code that several log-ins bring at once lets one of them in; different ones let each in.
pub async fn a_recovery_code_lets_one_of_several_at_once_in(store: Arc<dyn Store>) {
    let id = with_factor(&store, "ada@example.com", 0..8).await;
    let log_in = |code: u8| {
        let store = store.clone();
        async move { recovers(&store, id, code).await }
    };
    let results = at_once((0..12).map(|_| log_in(0))).await;
    assert_eq!(results.iter().filter(|is_in| **is_in).count(), 1);
    let results = at_once((0..8).map(log_in)).await;
    assert_eq!(results, [false, true, true, true, true, true, true, true]);
}

/// Of several confirmations at once one succeeds and is told, and so it is with removals.
pub async fn one_of_several_confirmations_at_once_succeeds(store: Arc<dyn Store>) {
    let id = ada(&store).await;
    offer(&store, id, b"sealed", [1]).await;
    let confirm = |n: i64| {
        let store = store.clone();
        async move { store.confirm_second_factor(id, CONFIRMED + n, SessionId::new(), &cause()).await }
    };
    assert_eq!(winners(&at_once((0..8).map(confirm)).await, "second_factor_enabled"), 1);
    assert_eq!(outbox(&store).await.len(), 1);
    let remove = |_| {
        let store = store.clone();
        async move { store.remove_second_factor(id, &cause()).await }
    };
    assert_eq!(winners(&at_once((0..8).map(remove)).await, "second_factor_missing"), 1);
    assert_eq!((outbox(&store).await.len(), store.customer(id).await.expect("a customer").version), (2, 3));
}

/// Nobody who is unknown has a second factor or codes.
pub async fn a_factor_of_nobody_is_not_found(store: Arc<dyn Store>) {
    let nobody = CustomerId::new();
    assert_not_found(store.offer_second_factor(nobody, b"sealed".to_vec(), vec![token(1)]).await, "customer");
    assert_not_found(store.confirm_second_factor(nobody, CONFIRMED, SessionId::new(), &cause()).await, "customer");
    assert_not_found(store.remove_second_factor(nobody, &cause()).await, "customer");
    assert!(!steps(&store, nobody, CONFIRMED).await && !recovers(&store, nobody, 1).await);
}
