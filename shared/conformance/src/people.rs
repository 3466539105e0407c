//! Profiles, and who may log in.

use crate::shop::{
    AnyStore, address, assert_not_found, assert_stale, at_once, cause, outbox, person, person_name, winners,
};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{
    AddressBook, AuditAction, AuditQuery, Cause, Customer, CustomerId, CustomerStatus, Profile, Role, SavedAddress,
    SessionCutoff, SessionId, from_micros, now,
};
use std::sync::Arc;

fn book(addresses: impl IntoIterator<Item = SavedAddress>) -> AddressBook {
    AddressBook::try_from(addresses.into_iter().collect::<Vec<_>>()).expect("an address book")
}

fn saved(recipient: &str, full: bool, default_shipping: bool, default_billing: bool) -> SavedAddress {
    SavedAddress { address: address(recipient, full), default_shipping, default_billing }
}

/// A profile without addresses.
fn called(name: &str) -> Profile {
    Profile { name: person_name(name), addresses: AddressBook::default() }
}

/// The lines of the audit log about somebody, newest first.
async fn lines(store: &AnyStore, subject: CustomerId) -> Vec<AuditAction> {
    let query = AuditQuery { subject: Some(subject), ..Default::default() };
    store.audit_entries(query).await.expect("lines").items.into_iter().map(|entry| entry.action).collect()
}

/// A change of a profile makes the next version with the new name and addresses; everything else stays, nobody is told.
pub async fn a_changed_profile_reads_back_as_answered(store: Arc<dyn Store>) {
    let old = person(&store, "ada@example.com", Role::Manager).await;
    let profile = Profile {
        name: person_name("José Ñandú 𠮷 😀"),
        addresses: book([saved("王 𠮷野", false, false, true), saved("O'Neill \"Ann\" \\ 😀", true, true, false)]),
    };
    let cause = Cause { at: from_micros(4_000_000_000_123_457), ..cause() };
    let done = store.update_profile(old.id, Some(1), profile.clone(), &cause).await.expect("a change");
    assert!(done.events.is_empty() && done.replayed.is_none());
    let Profile { name, addresses } = profile;
    assert_eq!(done.value, Customer { name, addresses, version: 2, updated_at: cause.at, ..old.clone() });
    assert_eq!(store.customer(old.id).await.expect("a customer"), done.value);
    assert_eq!(store.account_of(&old.email).await.expect("an answer").expect("an account").customer, done.value);
    assert!(outbox(&store).await.is_empty());
}

/// Address books come back as they were: empty, in their order, one address twice, as long as they may be.
pub async fn address_books_come_back_as_they_were(store: Arc<dyn Store>) {
    let id = person(&store, "ada@example.com", Role::Customer).await.id;
    let longest = "😀".repeat(100);
    let books = [
        book([]),
        book([saved("B", true, false, false), saved("A", false, true, true), saved("B", true, false, false)]),
        book((0..AddressBook::MOST).map(|n| saved(&longest, n % 2 == 0, n == 3, n == 19))),
        book([saved("cre\u{300}me ﬁn № ½ שלום", true, false, false)]),
        book([]),
    ];
    for (version, addresses) in (2..).zip(books) {
        let profile = Profile { addresses: addresses.clone(), ..called("Ada") };
        let changed = store.update_profile(id, None, profile, &cause()).await.expect("a change").value;
        assert_eq!((&changed.addresses, changed.version), (&addresses, version));
        assert_eq!(store.customer(id).await.expect("a customer").addresses, addresses);
    }
}

/// A change on the ground of another version than the present one is refused and changes nothing.
pub async fn a_change_of_another_version_of_a_profile_is_stale(store: Arc<dyn Store>) {
    let id = person(&store, "ada@example.com", Role::Customer).await.id;
    let changed = store.update_profile(id, Some(1), called("B"), &cause()).await.expect("a change").value;
    for expected in [1, 3] {
        assert_stale(store.update_profile(id, Some(expected), called("C"), &cause()).await, 2);
    }
    assert_eq!(store.customer(id).await.expect("a customer"), changed);
}

/// Of several changes of one version at once, one succeeds and the others are stale.
pub async fn one_of_several_changes_of_a_profile_at_once_succeeds(store: Arc<dyn Store>) {
    let id = person(&store, "ada@example.com", Role::Customer).await.id;
    let change = |n: i32| {
        let store = store.clone();
        async move { store.update_profile(id, Some(1), called(&format!("B{n}")), &cause()).await }
    };
    let results = at_once((0..8).map(change)).await;
    assert_eq!(winners(&results, "stale"), 1);
    let winner = results.into_iter().find_map(Result::ok).expect("a winner").value;
    assert_eq!(store.customer(id).await.expect("a customer"), winner);
}

/// Changes of different kinds at once all count, each with a version of its own.
pub async fn changes_of_a_person_at_once_all_count(store: Arc<dyn Store>) {
    let id = person(&store, "ada@example.com", Role::Customer).await.id;
    store.offer_second_factor(id, b"sealed".to_vec(), Vec::new()).await.expect("an offer");
    let change = |n: i32| {
        let store = store.clone();
        async move {
            let changed = match n {
                0 => store.set_customer_status(id, true, id, &cause()).await,
                1 => store.confirm_second_factor(id, 1, SessionId::new(), &cause()).await,
                _ => store.update_profile(id, None, called("Changed"), &cause()).await,
            };
            changed.expect("a change").value.version
        }
    };
    let mut versions = at_once((0..10).map(change)).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..12).collect::<Vec<_>>());
    let customer = store.customer(id).await.expect("a customer");
    assert_eq!((customer.status, customer.second_factor), (CustomerStatus::Disabled, true));
    assert_eq!(customer.name.as_str(), "Changed");
}

/// Nobody who is unknown is changed.
pub async fn an_unknown_person_is_not_changed(store: Arc<dyn Store>) {
    let nobody = CustomerId::new();
    for expected in [None, Some(1)] {
        assert_not_found(store.update_profile(nobody, expected, called("B"), &cause()).await, "customer");
    }
    for is_disabled in [true, false] {
        assert_not_found(store.set_customer_status(nobody, is_disabled, nobody, &cause()).await, "customer");
    }
    assert_not_found(store.erase_customer(nobody, &cause()).await, "customer");
    assert!(lines(&store, nobody).await.is_empty());
}

/// Whoever is shut out has no sessions any more, and those stay over when they are let in again.
pub async fn being_shut_out_ends_the_sessions(store: Arc<dyn Store>) {
    let admin = person(&store, "admin@example.com", Role::Admin).await.id;
    let old = person(&store, "ada@example.com", Role::Customer).await;
    let (session, shut_at) = (SessionId::new(), now() + Duration::seconds(1));
    let shutting = Cause { at: shut_at, ..cause() };
    let done = store.set_customer_status(old.id, true, admin, &shutting).await.expect("a change");
    assert!(done.events.is_empty());
    let shut = Customer { status: CustomerStatus::Disabled, version: 2, updated_at: shut_at, ..old.clone() };
    assert_eq!(done.value, shut);
    let account = store.account(old.id).await.expect("an account");
    assert_eq!((account.customer, account.cutoff), (shut, SessionCutoff { at: shut_at, kept: None }));
    let opening = Cause { at: shut_at + Duration::seconds(1), ..cause() };
    let open = store.set_customer_status(old.id, false, admin, &opening).await.expect("a change").value;
    assert_eq!(open, Customer { version: 3, updated_at: opening.at, ..old });
    let account = store.account(open.id).await.expect("an account");
    assert!(account.cutoff.ends(session), "{:?}", account.cutoff);
    assert_eq!(account.customer, open);
    assert_eq!(store.account(admin).await.expect("an account").cutoff, SessionCutoff::NEVER);
}

/// Once somebody is shut out or let in, doing so again changes nothing and leaves no line.
pub async fn a_status_is_changed_once(store: Arc<dyn Store>) {
    let admin = person(&store, "admin@example.com", Role::Admin).await.id;
    let active = person(&store, "ada@example.com", Role::Customer).await;
    let set = async |is_disabled, seconds| {
        let cause = Cause { at: now() + Duration::seconds(seconds), ..cause() };
        store.set_customer_status(active.id, is_disabled, admin, &cause).await.expect("a status").value
    };
    assert_eq!(set(false, 1).await, active);
    let shut = set(true, 2).await;
    let cutoff = store.account(active.id).await.expect("an account").cutoff;
    assert_eq!(set(true, 3).await, shut);
    assert_eq!(store.account(active.id).await.expect("an account").cutoff, cutoff);
    let open = set(false, 4).await;
    assert_eq!(set(false, 5).await, open);
    assert_eq!(store.customer(active.id).await.expect("a customer"), open);
    assert_eq!((shut.version, open.version), (2, 3));
    assert_eq!(lines(&store, active.id).await, [AuditAction::CustomerEnabled, AuditAction::CustomerDisabled]);
}

/// Somebody whom several shut out at once is shut out once.
pub async fn a_status_is_changed_once_by_several_at_once(store: Arc<dyn Store>) {
    let id = person(&store, "ada@example.com", Role::Customer).await.id;
    let shut = |_| {
        let store = store.clone();
        async move { store.set_customer_status(id, true, CustomerId::new(), &cause()).await.expect("a status").value }
    };
    let results = at_once((0..12).map(shut)).await;
    let kept = store.customer(id).await.expect("a customer");
    assert_eq!((kept.status, kept.version), (CustomerStatus::Disabled, 2));
    assert!(results.iter().all(|result| *result == kept));
    assert_eq!(lines(&store, id).await, [AuditAction::CustomerDisabled]);
}
