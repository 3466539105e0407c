//! The people who can log in.

use crate::shop::{assert_not_found, assert_refused, at_once, cause, email, newcomer, winners};
use secrecy::ExposeSecret;
use souk_domain::ports::Store;
use souk_domain::{Cause, CustomerId, Role, from_micros};
use std::sync::Arc;

/// Somebody who registered reads back as they were answered: Unicode name, role, moment to the microsecond.
pub async fn a_new_customer_reads_back_as_answered(store: Arc<dyn Store>) {
    let cause = Cause { at: from_micros(1_700_000_000_123_457), ..cause() };
    for (role, name) in [(Role::Customer, "Ada Lovelace"), (Role::Manager, "José Ñandú"), (Role::Admin, "王 𠮷野 😀")]
    {
        let new = newcomer(&format!("{}@example.com", role.as_str()), name, role);
        let made = store.register_customer(new.clone(), &cause).await.expect("a registration");
        assert!(made.events.is_empty() && made.replayed.is_none());
        let made = made.value;
        assert_eq!((made.name.as_str(), made.role, made.created_at), (name, role, cause.at));
        assert_eq!(made.email, new.email);
        assert_eq!(store.customer(made.id).await.expect("a customer"), made);
    }
}

/// Nobody has an id that was never given.
pub async fn an_unknown_customer_is_not_found(store: Arc<dyn Store>) {
    assert_not_found(store.customer(CustomerId::new()).await, "customer");
}

/// An address belongs to one person, whatever its case.
pub async fn an_address_is_taken_whatever_its_case(store: Arc<dyn Store>) {
    let register = async |address: &str, name: &str| {
        store.register_customer(newcomer(address, name, Role::Customer), &cause()).await
    };
    let first = register("Ada@Example.com", "Ada").await.expect("a registration").value;
    for taken in ["ada@example.com", "ADA@EXAMPLE.COM"] {
        assert_refused(register(taken, "Eve").await, "email_taken");
    }
    assert_eq!(store.customer(first.id).await.expect("a customer").name.as_str(), "Ada");
}

/// Addresses that differ in more than case are different people; no collation of a store may join them.
pub async fn addresses_that_differ_in_accents_are_different(store: Arc<dyn Store>) {
    for address in ["jose@example.com", "josé@example.com", "strasse@example.com", "straße@example.com"] {
        let new = newcomer(address, address, Role::Customer);
        let made = store.register_customer(new, &cause()).await.expect("a registration").value;
        let found = store.account_of(&email(address)).await.expect("an answer").expect("an account");
        assert_eq!(found.customer, made);
    }
}

/// An address that several register at once goes to one of them.
pub async fn an_address_that_several_want_at_once_goes_to_one(store: Arc<dyn Store>) {
    let register = |n: i32| {
        let store = store.clone();
        let new = newcomer("ada@example.com", &format!("Ada {n}"), Role::Customer);
        async move { store.register_customer(new, &cause()).await }
    };
    let results = at_once((0..12).map(register)).await;
    assert_eq!(winners(&results, "email_taken"), 1);
    let winner = results.into_iter().find_map(Result::ok).expect("a winner").value;
    assert_eq!(store.customer(winner.id).await.expect("a customer"), winner);
}

/// A log-in gets the person and the hash of the password, whatever the case of the address.
pub async fn an_account_is_found_by_its_address(store: Arc<dyn Store>) {
    let mut new = newcomer("ada@example.com", "Ada", Role::Admin);
    new.password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA+/=".to_owned().into();
    let made = store.register_customer(new.clone(), &cause()).await.expect("a registration").value;
    let found = store.account_of(&email("ADA@example.com")).await.expect("an answer").expect("an account");
    assert_eq!(found.customer, made);
    assert_eq!(found.password_hash.expose_secret(), new.password_hash.expose_secret());
}

/// There is no account of an address that nobody registered.
pub async fn an_unknown_address_has_no_account(store: Arc<dyn Store>) {
    assert!(store.account_of(&email("nobody@example.com")).await.expect("an answer").is_none());
}

/// The longest names and addresses are kept.
pub async fn the_longest_names_and_addresses_are_kept(store: Arc<dyn Store>) {
    let label = "d".repeat(60);
    let address = format!("{}@{label}.{label}.{label}.org", "m".repeat(64));
    let made = store.register_customer(newcomer(&address, &"😀".repeat(100), Role::Customer), &cause()).await;
    let made = made.expect("a registration").value;
    assert_eq!(store.customer(made.id).await.expect("a customer"), made);
    assert_eq!((made.email.as_str(), made.name.as_str().chars().count()), (address.as_str(), 100));
}
