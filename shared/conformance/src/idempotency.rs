//! Commands with a claim run once: a repetition changes nothing and gets the first result.

use crate::mailbox::{hash, registration, token, wish_for_password, wish_to_register};
use crate::shop::{
    Shop, assert_refused, at_once, category, claimed, email, newcomer, order, outbox, person, person_name, pieces,
    shelf, sku, winners,
};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{AddressBook, Cause, Change, Committed, Profile, Result, Role, SessionId};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

/// Runs one claim twenty times at once, each in a request of its own, and checks that all but one are repetitions with
/// the value and the request id of that one.
async fn twenty_at_once<T, F>(run: impl Fn(Cause) -> F) -> T
where
    T: Debug + PartialEq + Send + 'static,
    F: Future<Output = Result<Committed<T>>> + Send + 'static,
{
    let causes: Vec<_> = (0..20).map(|_| claimed("scope", "key", 1)).collect();
    let results = at_once(causes.iter().cloned().map(run)).await;
    let (mut firsts, mut repetitions) = (Vec::new(), Vec::new());
    for (result, cause) in results.into_iter().zip(causes) {
        let done = result.expect("a result");
        match done.replayed {
            None => firsts.push((done.value, cause.request_id)),
            Some(request) => {
                assert!(done.events.is_empty(), "a repetition tells nothing");
                repetitions.push((done.value, request));
            }
        }
    }
    assert_eq!((firsts.len(), repetitions.len()), (1, 19));
    let first = firsts.remove(0);
    assert!(repetitions.iter().all(|repetition| *repetition == first), "{first:?} {repetitions:?}");
    first.0
}

/// A claimed order, sent twenty times at once, is placed once.
pub async fn a_claimed_order_is_placed_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let buyer = shop.customer("buyer").await;
    let events = outbox(&shop.store).await.len();
    let placed = twenty_at_once(|cause| {
        let shop = shop.clone();
        async move { shop.buy(order(buyer, [pieces(product, 2)]), &cause).await }
    })
    .await;
    assert_eq!(shop.orders(buyer).await, [placed]);
    assert_eq!((shop.stock(product).await.reserved, outbox(&shop.store).await.len()), (2, events + 2));
}

/// A claimed cancellation, sent twenty times at once, releases once.
pub async fn a_claimed_cancellation_runs_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let buyer = shop.customer("buyer").await;
    let id = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order").value.id;
    let cancelled = twenty_at_once(|cause| {
        let shop = shop.clone();
        async move { shop.change_as(id, Some(buyer), &cause, move |order, cause| order.cancel(buyer, cause)).await }
    })
    .await;
    assert_eq!(shop.store.order(id, None).await.expect("an order"), cancelled);
    assert_eq!((shop.stock(product).await.reserved, shop.ledger(product).await.len()), (0, 3));
}

/// A claimed correction by a difference, sent twenty times at once, counts once.
pub async fn a_claimed_correction_counts_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let stock = twenty_at_once(|cause| {
        let shop = shop.clone();
        async move { shop.store.adjust_stock(shop.adjustment(id, Change::By(5)), Some(1), &cause).await }
    })
    .await;
    assert_eq!((stock.on_hand, shop.stock(id).await), (5, stock));
}

/// A claimed registration, sent twenty times at once, registers once; none is told that the address is taken.
pub async fn a_claimed_registration_registers_once(store: Arc<dyn Store>) {
    let customer = twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.register_customer(newcomer("ada@example.com", "Ada", Role::Customer), &cause).await }
    })
    .await;
    let found = store.account_of(&email("ada@example.com")).await.expect("an answer").expect("an account");
    assert_eq!(found.customer, customer);
}

/// A claimed product, sent twenty times at once, is made once.
pub async fn a_claimed_product_is_made_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = twenty_at_once(|cause| {
        let shop = shop.clone();
        async move { shop.store.create_product(sku("A1"), shop.fields("Crème 😀", 1), &cause).await }
    })
    .await;
    assert_eq!(shop.store.product(product.id).await.expect("a product").0, product);
    assert_eq!(outbox(&shop.store).await.len(), 1);
}

/// A claimed change of a product, sent twenty times at once, makes one version; none is told that it is stale.
pub async fn a_claimed_change_of_a_product_runs_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let product = twenty_at_once(|cause| {
        let shop = shop.clone();
        async move { shop.store.update_product(id, Some(1), shop.fields("New", 1), &cause).await }
    })
    .await;
    assert_eq!((product.version, shop.store.product(id).await.expect("a product").0), (2, product));
}

/// A claimed discontinuation, sent twenty times at once, is told once.
pub async fn a_claimed_discontinuation_runs_once(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let product = twenty_at_once(|cause| {
        let store = shop.store.clone();
        async move { store.discontinue_product(id, &cause).await }
    })
    .await;
    assert_eq!((product.version, outbox(&shop.store).await.len()), (2, 2));
}

/// Claimed commands on categories, sent twenty times at once, run once each.
pub async fn claimed_commands_on_categories_run_once(store: Arc<dyn Store>) {
    let made = twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.create_category(shelf("Café", None), &cause).await }
    })
    .await;
    // Each kind of command had a body of its own, so it comes with a key of its own.
    store.expire_idempotency_keys(souk_domain::now() + Duration::hours(25)).await.expect("a sweep");
    let changed = twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.update_category(made.id, Some(1), shelf("Tea", None), &cause).await }
    })
    .await;
    assert_eq!((changed.version, store.category(made.id).await.expect("a category")), (2, changed));
    store.expire_idempotency_keys(souk_domain::now() + Duration::hours(25)).await.expect("a sweep");
    twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.delete_category(made.id, &cause).await }
    })
    .await;
    assert!(store.categories().await.expect("categories").is_empty());
}

/// A claimed confirmation of an address, sent twenty times at once, makes one customer; none is told that the link was used.
pub async fn a_claimed_confirmation_runs_once(store: Arc<dyn Store>) {
    wish_to_register(&store, "ada@example.com", 1).await;
    let customer = twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.verify_email(token(1), &cause).await }
    })
    .await;
    assert_eq!(store.customer(customer.id).await.expect("a customer"), customer);
    assert_refused(store.verify_email(token(1), &claimed("scope", "other", 1)).await, "invalid_link");
    let again = store.verify_email(token(1), &claimed("scope", "key", 1)).await.expect("a repetition");
    assert_eq!(again.value, customer);
}

/// A claimed reset of a password, sent twenty times at once, is told once.
pub async fn a_claimed_reset_runs_once(store: Arc<dyn Store>) {
    let id = person(&store, "ada@example.com", Role::Customer).await.id;
    wish_for_password(&store, "ada@example.com", 1).await;
    let events = outbox(&store).await.len();
    let reset = twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.reset_password(token(1), hash("new"), &cause).await }
    })
    .await;
    assert_eq!((reset, outbox(&store).await.len()), (id, events + 1));
}

/// A claimed wish, sent twenty times at once, causes one mail.
pub async fn a_claimed_wish_causes_one_mail(store: Arc<dyn Store>) {
    twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.request_registration(registration("ada@example.com", "Ada"), &cause).await }
    })
    .await;
    assert_eq!(outbox(&store).await.len(), 1);
}

/// Claimed commands on people, sent twenty times at once, run once each.
pub async fn claimed_commands_on_people_run_once(store: Arc<dyn Store>) {
    let invited = twenty_at_once(|cause| {
        let store = store.clone();
        let new = newcomer("ada@example.com", "Ada", Role::Manager);
        async move { store.invite_staff(new, None, &cause).await }
    })
    .await;
    let next = async || store.expire_idempotency_keys(souk_domain::now() + Duration::hours(25)).await;
    next().await.expect("a sweep");
    let changed = twenty_at_once(|cause| {
        let store = store.clone();
        let profile = Profile { name: person_name("José 😀"), addresses: AddressBook::default() };
        async move { store.update_profile(invited.id, Some(1), profile, &cause).await }
    })
    .await;
    assert_eq!(changed.version, 2);
    next().await.expect("a sweep");
    store.offer_second_factor(invited.id, b"sealed".to_vec(), Vec::new()).await.expect("an offer");
    let confirmed = twenty_at_once(|cause| {
        let store = store.clone();
        async move { store.confirm_second_factor(invited.id, 1, SessionId::new(), &cause).await }
    })
    .await;
    assert_eq!(store.customer(invited.id).await.expect("a customer"), confirmed);
    assert_eq!((confirmed.version, outbox(&store).await.len()), (3, 2));
}

/// A repetition gets the first result, also when the thing has changed since.
pub async fn a_repetition_gets_the_first_result(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 5).await.id;
    let buyer = shop.customer("buyer").await;
    let (claim, wish) = (claimed("scope", "key", 1), order(buyer, [pieces(product, 2)]));
    let first = shop.buy(wish.clone(), &claim).await.expect("an order").value;
    shop.cancel(first.id).await.expect("a cancellation");
    shop.store.discontinue_product(product, &crate::shop::cause()).await.expect("a discontinuation");
    let again = shop.buy(wish, &claimed("scope", "key", 1)).await.expect("a repetition");
    assert_eq!((again.value, again.replayed), (first, Some(claim.request_id)));
    assert_eq!(shop.stock(product).await.reserved, 0);
}

/// A key with another fingerprint is refused and does nothing.
pub async fn a_key_with_another_fingerprint_is_refused(store: Arc<dyn Store>) {
    store.create_category(shelf("A", None), &claimed("scope", "key", 1)).await.expect("a category");
    assert_refused(store.create_category(shelf("B", None), &claimed("scope", "key", 2)).await, "key_reused");
    let other_command = newcomer("ada@example.com", "Ada", Role::Customer);
    assert_refused(store.register_customer(other_command, &claimed("scope", "key", 3)).await, "key_reused");
    assert_eq!(store.categories().await.expect("categories").len(), 1);
    assert!(store.account_of(&email("ada@example.com")).await.expect("an answer").is_none());
}

/// Of two bodies sent with one key at once, one runs and the other is refused each time.
pub async fn two_fingerprints_at_once_have_one_effect(store: Arc<dyn Store>) {
    let create = |n: u8| {
        let store = store.clone();
        let name = format!("C{}", n % 2);
        async move { store.create_category(shelf(&name, None), &claimed("scope", "key", n % 2)).await }
    };
    let results = at_once((0..20).map(create)).await;
    assert_eq!(winners(&results, "key_reused"), 10);
    assert_eq!(results.iter().filter(|r| r.as_ref().is_ok_and(|done| done.replayed.is_none())).count(), 1);
    assert_eq!(store.categories().await.expect("categories").len(), 1);
}

/// Keys of two callers never meet.
pub async fn another_scope_is_independent(store: Arc<dyn Store>) {
    for (number, scope) in ["a", "b", "A", "á", ""].into_iter().enumerate() {
        let cause = claimed(scope, "key", number as u8);
        let made = store.create_category(shelf(&format!("C{number}"), None), &cause).await.expect(scope);
        assert!(made.replayed.is_none(), "{scope}");
    }
    assert_eq!(store.categories().await.expect("categories").len(), 5);
}

/// Keys are compared exactly, up to the longest.
pub async fn keys_are_compared_exactly(store: Arc<dyn Store>) {
    let longest = ["a", "b"].map(|end| "k".repeat(254) + end);
    let keys = ["key", "KEY", "Key", "key-", "ke", &longest[0], &longest[1]];
    for (number, key) in keys.into_iter().enumerate() {
        let cause = claimed("scope", key, number as u8);
        let made = store.create_category(shelf(&format!("C{number}"), None), &cause).await.expect(key);
        assert!(made.replayed.is_none(), "{key}");
        let again = store.create_category(shelf(&format!("C{number}"), None), &cause).await.expect(key);
        assert_eq!((again.value, again.replayed), (made.value, Some(cause.request_id)));
    }
}

/// An expired key runs again, with whatever it is sent; before it expires it is kept.
pub async fn an_expired_key_runs_again(store: Arc<dyn Store>) {
    let shop = Shop::open(store.clone()).await;
    let id = shop.product("A1").await.id;
    let adjust = async |change, fingerprint| {
        let cause = claimed("scope", "key", fingerprint);
        store.adjust_stock(shop.adjustment(id, change), None, &cause).await
    };
    adjust(Change::By(1), 1).await.expect("stock");
    for early in [Duration::zero(), Duration::hours(23)] {
        assert_eq!(store.expire_idempotency_keys(souk_domain::now() + early).await.expect("a sweep"), 0);
    }
    assert!(adjust(Change::By(1), 1).await.expect("stock").replayed.is_some());
    let late = souk_domain::now() + Duration::hours(25);
    assert_eq!(store.expire_idempotency_keys(late).await.expect("a sweep"), 1);
    assert_eq!(store.expire_idempotency_keys(late).await.expect("a sweep"), 0);
    let again = adjust(Change::By(2), 2).await.expect("stock");
    assert_eq!((again.replayed, again.value.on_hand), (None, 3));
}

/// A sweep forgets every expired key and tells how many.
pub async fn a_sweep_forgets_every_expired_key(store: Arc<dyn Store>) {
    for n in 0..7 {
        let cause = claimed("scope", &format!("key-{n}"), 1);
        store.create_category(shelf(&format!("C{n}"), None), &cause).await.expect("a category");
    }
    let late = souk_domain::now() + Duration::hours(25);
    assert_eq!(store.expire_idempotency_keys(late).await.expect("a sweep"), 7);
}

/// A command that failed leaves no record: its key runs when nothing is in the way any more, even with another body.
pub async fn a_failed_command_leaves_no_record(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.product("A1").await.id;
    let buyer = shop.customer("buyer").await;
    let place = async |number, fingerprint| {
        let new = order(buyer, [pieces(product, number)]);
        shop.buy(new, &claimed("scope", "key", fingerprint)).await
    };
    assert_refused(place(2, 1).await, "offer_changed");
    assert_refused(place(3, 2).await, "offer_changed");
    let late = souk_domain::now() + Duration::hours(25);
    assert_eq!(shop.store.expire_idempotency_keys(late).await.expect("a sweep"), 0);
    shop.adjust(product, Change::To(2)).await.expect("stock");
    assert!(place(2, 1).await.expect("an order").replayed.is_none());
    assert!(place(2, 1).await.expect("an order").replayed.is_some());
    assert_eq!(shop.stock(product).await.reserved, 2);
}

/// A claim that fails twenty times at once fails each time with the same refusal.
pub async fn a_claim_that_fails_at_once_fails_each_time(store: Arc<dyn Store>) {
    category(&store, "Taken", None).await;
    let create = |_| {
        let store = store.clone();
        async move { store.create_category(shelf("Taken", None), &claimed("scope", "key", 1)).await }
    };
    assert_eq!(winners(&at_once((0..20).map(create)).await, "category_name_taken"), 0);
}

/// Without a claim every command runs.
pub async fn without_a_claim_every_command_runs(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let id = shop.product("A1").await.id;
    let cause = crate::shop::cause();
    for expected in [5, 10] {
        let done = shop.store.adjust_stock(shop.adjustment(id, Change::By(5)), None, &cause).await.expect("stock");
        assert_eq!((done.value.on_hand, done.replayed), (expected, None));
    }
}
