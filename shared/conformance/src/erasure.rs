//! People who asked to be forgotten.

use crate::mailbox::{hash, mail_of, prepared, token, wish_for_address, wish_for_password, wish_to_register};
use crate::shop::{
    AnyStore, Shop, address, assert_not_found, assert_refused, at_once, cause, claimed, email, newcomer, order, outbox,
    person_name, pieces,
};
use chrono::Duration;
use secrecy::ExposeSecret;
use souk_domain::ports::Store;
use souk_domain::{
    AddressBook, AuditAction, AuditQuery, Cause, Change, Customer, CustomerId, CustomerStatus, MailKind, NewOrder,
    Order, ProductId, Profile, Role, SavedAddress, SessionId, now,
};
use std::sync::Arc;

/// A profile with a name and an address.
fn profile(name: &str) -> Profile {
    let saved = SavedAddress { address: address(name, true), default_shipping: true, default_billing: true };
    Profile { name: person_name(name), addresses: AddressBook::try_from(vec![saved]).expect("an address book") }
}

/// Somebody with a name, an address and an authenticator.
async fn ada(store: &AnyStore) -> Customer {
    let new = newcomer("ada@example.com", "Ada Lovelace", Role::Customer);
    let id = store.register_customer(new, &cause()).await.expect("a registration").value.id;
    store.offer_second_factor(id, b"sealed".to_vec(), vec![token(1)]).await.expect("an offer");
    store.confirm_second_factor(id, 1, SessionId::new(), &cause()).await.expect("a confirmation");
    store.update_profile(id, None, profile("Ada Lovelace"), &cause()).await.expect("a change").value
}

async fn erase(store: &AnyStore, id: CustomerId) {
    let done = store.erase_customer(id, &cause()).await.expect("an erasure");
    assert!(done.events.is_empty() && done.replayed.is_none());
}

/// An order of a customer that goes to an address.
fn sent(customer: CustomerId, product: ProductId) -> NewOrder {
    NewOrder::new(customer, [pieces(product, 2)], Some(address("Ada Lovelace", true))).expect("an order")
}

/// What is left of somebody is an id; name, addresses and everything that opens the account are gone.
pub async fn an_erased_person_is_an_id(store: Arc<dyn Store>) {
    let (old, session) = (ada(&store).await, SessionId::new());
    let cause = Cause { at: now() + Duration::seconds(1), ..cause() };
    let done = store.erase_customer(old.id, &cause).await.expect("an erasure");
    assert!(done.events.is_empty() && done.replayed.is_none());
    let expected = Customer {
        email: email(&Customer::erased_email(old.id)),
        name: person_name(Customer::ERASED_NAME),
        status: CustomerStatus::Erased,
        addresses: AddressBook::default(),
        second_factor: false,
        version: old.version + 1,
        updated_at: cause.at,
        ..old.clone()
    };
    assert_eq!(store.customer(old.id).await.expect("a customer"), expected);
    let account = store.account(old.id).await.expect("an account");
    assert_eq!((account.customer, account.sealed_secret), (expected, None));
    assert!(account.cutoff.ends(session), "{:?}", account.cutoff);
    let before = newcomer("ada@example.com", "Ada", Role::Customer).password_hash;
    assert_ne!(account.password_hash.expose_secret(), before.expose_secret());
    assert!(!store.use_recovery_code(old.id, token(1)).await.expect("an answer"));
    assert!(store.account_of(&old.email).await.expect("an answer").is_none());
}

/// Orders and their totals stay; nobody can tell any more where they went.
pub async fn the_orders_of_an_erased_person_lose_their_addresses(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await.id;
    let (id, other) = (ada(&shop.store).await.id, shop.customer("other").await);
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(shop.place(sent(id, product)).await.expect("an order").value);
    }
    placed[1] = shop.cancel(placed[1].id).await.expect("a cancellation").value;
    let others = shop.place(sent(other, product)).await.expect("an order").value;
    let stock = shop.stock(product).await;
    erase(&shop.store, id).await;
    placed.reverse();
    let found = shop.orders(id).await;
    assert_eq!(found.len(), placed.len());
    for (found, placed) in found.into_iter().zip(placed) {
        let (version, updated_at) = (placed.version + 1, found.updated_at);
        let expected = Order { shipping_address: None, notes: Vec::new(), version, updated_at, ..placed };
        assert_eq!(shop.store.order(found.id, Some(id)).await.expect("an order"), expected);
        assert_eq!(found, expected);
    }
    assert_eq!(shop.orders(other).await, [others]);
    assert_eq!(shop.stock(product).await, stock);
    let cancelled = shop.cancel(shop.orders(id).await[0].id).await.expect("an order").value;
    assert_eq!((cancelled.shipping_address, shop.stock(product).await.reserved), (None, 4));
}

/// The kept answers of somebody's commands are forgotten with them, and those of others are not.
pub async fn the_kept_answers_of_an_erased_person_are_gone(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 10).await.id;
    let (id, other) = (ada(&shop.store).await.id, shop.customer("other").await);
    let (mine, theirs) = (id.to_string(), other.to_string());
    for (who, scope) in [(id, &mine), (other, &theirs)] {
        shop.buy(sent(who, product), &claimed(scope, "order", 1)).await.expect("an order");
        let change = shop.store.update_profile(who, None, profile("Ada"), &claimed(scope, "profile", 1)).await;
        change.expect("a change");
    }
    erase(&shop.store, id).await;
    // Another body would be refused if the key were known.
    let adjust = async |scope: &str, key: &str| {
        let adjustment = shop.adjustment(product, Change::By(1));
        shop.store.adjust_stock(adjustment, None, &claimed(scope, key, 2)).await
    };
    for key in ["order", "profile"] {
        assert!(adjust(&mine, key).await.expect("the key is new").replayed.is_none());
        assert_refused(adjust(&theirs, key).await, "key_reused");
    }
    let again = shop.buy(sent(other, product), &claimed(&theirs, "order", 1)).await.expect("a repetition");
    assert!(again.replayed.is_some());
}

/// Mail that was wished for with the address, or by the person, is written to nobody, and its links do nothing.
pub async fn the_mail_of_an_erased_person_is_not_sent(store: Arc<dyn Store>) {
    let id = ada(&store).await.id;
    let mails = [
        wish_for_password(&store, "ada@example.com", 1).await,
        wish_to_register(&store, "ada@example.com", 2).await,
        wish_for_address(&store, id, "new@example.com", 3).await,
    ];
    let unsent = store.request_password_reset(&email("ada@example.com"), &cause()).await.expect("a wish");
    let unsent = mail_of(&unsent.events, MailKind::PasswordReset);
    let changed = store.change_password(id, hash("new"), SessionId::new(), &cause()).await.expect("a change");
    let changed = mail_of(&changed.events, MailKind::PasswordChanged);
    let other = wish_for_password(&store, "other@example.com", 4).await;
    erase(&store, id).await;
    for mail in mails.into_iter().chain([unsent, changed]) {
        assert!(store.prepare_mail(mail, token(9), now()).await.expect("an answer").is_none());
        store.mail_sent(mail, now()).await.expect("a note");
    }
    for number in [1, 2, 3, 9] {
        assert_refused(store.verify_email(token(number), &cause()).await, "invalid_link");
        assert_refused(store.reset_password(token(number), hash("new"), &cause()).await, "invalid_link");
    }
    prepared(&store, other, 5).await;
}

/// The address is free: whoever registers with it is somebody new.
pub async fn an_erased_person_may_register_anew(store: Arc<dyn Store>) {
    let old = ada(&store).await;
    erase(&store, old.id).await;
    let erased = store.customer(old.id).await.expect("a customer");
    wish_to_register(&store, "ada@example.com", 1).await;
    let new = store.verify_email(token(1), &cause()).await.expect("a customer").value;
    assert_ne!(new.id, old.id);
    assert_eq!((new.email.clone(), new.version), (old.email, 1));
    assert_eq!(store.account_of(&new.email).await.expect("an answer").expect("an account").customer, new);
    assert_eq!(store.customer(old.id).await.expect("a customer"), erased);
    erase(&store, new.id).await;
    assert_eq!(store.customer(new.id).await.expect("a customer").status, CustomerStatus::Erased);
}

/// Whoever was forgotten is neither let in nor shut out.
pub async fn an_erased_person_has_no_other_status(store: Arc<dyn Store>) {
    let id = ada(&store).await.id;
    erase(&store, id).await;
    let erased = store.customer(id).await.expect("a customer");
    for is_disabled in [false, true] {
        assert_refused(store.set_customer_status(id, is_disabled, id, &cause()).await, "customer_erased");
    }
    assert_eq!(store.customer(id).await.expect("a customer"), erased);
}

/// Somebody who is shut out may be forgotten.
pub async fn somebody_shut_out_may_be_erased(store: Arc<dyn Store>) {
    let id = ada(&store).await.id;
    store.set_customer_status(id, true, id, &cause()).await.expect("a change");
    erase(&store, id).await;
    assert_eq!(store.customer(id).await.expect("a customer").status, CustomerStatus::Erased);
}

/// A person is forgotten once, also when several ask for it at once.
pub async fn a_person_is_erased_once(store: Arc<dyn Store>) {
    let old = ada(&store).await;
    let erase = |_| {
        let store = store.clone();
        async move { store.erase_customer(old.id, &cause()).await.map(drop).expect("an erasure") }
    };
    at_once((0..8).map(erase)).await;
    store.erase_customer(old.id, &claimed(&old.id.to_string(), "key", 1)).await.expect("again");
    store.erase_customer(old.id, &claimed(&old.id.to_string(), "key", 1)).await.expect("a repetition");
    assert_eq!(store.customer(old.id).await.expect("a customer").version, old.version + 1);
    let query = AuditQuery { subject: Some(old.id), ..Default::default() };
    let lines = store.audit_entries(query).await.expect("lines").items;
    assert_eq!(lines.iter().filter(|line| line.action == AuditAction::CustomerErased).count(), 1);
}

/// To a command that comes late, whoever was forgotten is nobody: it brings nothing back.
pub async fn an_erased_person_is_not_changed(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (store, product) = (&shop.store, shop.stocked("A1", 10).await.id);
    let id = ada(store).await.id;
    erase(store, id).await;
    let (erased, events) = (store.customer(id).await.expect("a customer"), outbox(store).await.len());
    assert_not_found(store.update_profile(id, None, profile("Ada"), &cause()).await, "customer");
    assert_not_found(store.update_profile(id, Some(erased.version), profile("Ada"), &cause()).await, "customer");
    assert_not_found(store.request_email_change(id, &email("new@example.com"), &cause()).await, "customer");
    assert_not_found(store.change_password(id, hash("new"), SessionId::new(), &cause()).await, "customer");
    assert_not_found(store.end_sessions(id, &cause()).await, "customer");
    assert_not_found(store.offer_second_factor(id, b"sealed".to_vec(), vec![token(1)]).await, "customer");
    assert_not_found(store.confirm_second_factor(id, 9, SessionId::new(), &cause()).await, "customer");
    assert_not_found(store.remove_second_factor(id, &cause()).await, "customer");
    assert_not_found(shop.place(sent(id, product)).await, "customer");
    assert_eq!(store.customer(id).await.expect("a customer"), erased);
    assert_eq!((outbox(store).await.len(), shop.stock(product).await.reserved), (events, 0));
    assert!(shop.orders(id).await.is_empty());
}

/// An erasure races with whatever the person does at the same time: afterwards nothing of it tells who they were.
pub async fn an_erasure_races_with_the_persons_own_commands(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    for round in 0..8 {
        let id = shop.customer(&format!("ada{round}")).await;
        let run = |n: i32| {
            let shop = shop.clone();
            async move {
                let _ = match n {
                    3 => shop.store.erase_customer(id, &cause()).await.map(drop),
                    0 | 4 => shop.store.update_profile(id, None, profile("Ada"), &cause()).await.map(drop),
                    1 | 5 => shop.place(sent(id, product)).await.map(drop),
                    2 => shop.store.set_customer_status(id, true, id, &cause()).await.map(drop),
                    _ => shop.place(order(id, [pieces(product, 1)])).await.map(drop),
                };
            }
        };
        at_once((0..7).map(run)).await;
        let person = shop.store.customer(id).await.expect("a customer");
        assert_eq!((person.status, person.name.as_str()), (CustomerStatus::Erased, Customer::ERASED_NAME));
        assert!(person.addresses.addresses().is_empty());
        assert!(shop.orders(id).await.iter().all(|order| order.shipping_address.is_none()));
    }
    shop.assert_ledger_balances(product).await;
}
