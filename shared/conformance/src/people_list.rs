//! Staff looks through the people.

use crate::mailbox::{token, wish_for_address};
use crate::shop::{AnyStore, ENDLESS, cause, limit, newcomer, person, person_name};
use souk_domain::ports::Store;
use souk_domain::{AddressBook, Customer, CustomerId, CustomerQuery, CustomerStatus, Profile, Role, SearchQuery};
use std::sync::Arc;

async fn called(store: &AnyStore, address: &str, name: &str, role: Role) -> Customer {
    store.register_customer(newcomer(address, name, role), &cause()).await.expect("a registration").value
}

fn searching(text: &str) -> CustomerQuery {
    CustomerQuery { search: Some(SearchQuery::parse(text).expect("a search")), ..Default::default() }
}

/// Everybody whom the query finds, page by page; no page but the last has less than it may.
async fn walk(store: &AnyStore, query: CustomerQuery) -> Vec<Customer> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.customers(CustomerQuery { after, ..query.clone() }, CustomerId::new(), &cause()).await;
        let page = page.expect("a page");
        assert!(page.items.len() == query.limit.get() || page.next.is_none());
        found.extend(page.items);
        assert!(found.len() <= ENDLESS, "the pages have no end");
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// The local parts of the addresses of everybody whom the query finds, in alphabetical order.
async fn found(store: &AnyStore, query: CustomerQuery) -> Vec<String> {
    let people = walk(store, CustomerQuery { limit: limit(2), ..query }).await;
    let local = |customer: &Customer| customer.email.as_str().split('@').next().unwrap_or_default().to_owned();
    let mut names: Vec<_> = people.iter().map(local).collect();
    names.sort();
    names
}

/// People come newest first, each once and whole, while others are added between the pages.
pub async fn people_are_walked_newest_first(store: Arc<dyn Store>) {
    let mut made = Vec::new();
    for n in 0..8 {
        made.push(called(&store, &format!("p{n}@example.com"), &format!("José {n} 😀"), Role::Customer).await);
    }
    let profile = Profile { name: person_name("Changed"), addresses: AddressBook::default() };
    made[2] = store.update_profile(made[2].id, None, profile, &cause()).await.expect("a change").value;
    made.reverse();
    let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let query = CustomerQuery { limit: limit(3), after, ..Default::default() };
        let page = store.customers(query, CustomerId::new(), &cause()).await.expect("a page");
        sizes.push(page.items.len());
        seen.extend(page.items);
        assert!(seen.len() <= 100, "the pages have no end");
        person(&store, &format!("new{}@example.com", sizes.len()), Role::Manager).await;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), (made, vec![3, 3, 2]));
}

/// A list ends without another page, whether the last page is full or not; an empty list has none.
pub async fn a_list_of_people_ends(store: Arc<dyn Store>) {
    assert!(walk(&store, CustomerQuery::default()).await.is_empty());
    for n in 0..4 {
        person(&store, &format!("p{n}@example.com"), Role::Customer).await;
    }
    for size in [1, 2, 3, 4, 5] {
        assert_eq!(walk(&store, CustomerQuery { limit: limit(size), ..Default::default() }).await.len(), 4, "{size}");
    }
}

/// A search finds people by words of name and address, all of them whole and the start of the last.
pub async fn people_are_found_by_words_of_name_and_address(store: Arc<dyn Store>) {
    for (address, name) in [
        ("ada@lovelace.example.com", "Ada Augusta King"),
        ("bob@example.com", "Robert King-Smith"),
        ("kim+shop@example.org", "Kim Lovelace"),
        ("x1@example.org", "金 正𠮷"),
    ] {
        called(&store, address, name, Role::Customer).await;
    }
    for (text, expected) in [
        ("king", vec!["ada", "bob"]),
        ("ki", vec!["ada", "bob", "kim+shop"]),
        ("king ada", vec!["ada"]),
        ("KING smi", vec!["bob"]),
        ("ki smith", vec![]),
        ("lovelace", vec!["ada", "kim+shop"]),
        ("lovelace kim", vec!["kim+shop"]),
        ("bob@example.com", vec!["bob"]),
        ("bob@exam", vec!["bob"]),
        ("example org", vec!["kim+shop", "x1"]),
        ("shop", vec!["kim+shop"]),
        ("金", vec!["x1"]),
        ("正𠮷 金", vec!["x1"]),
        ("ing", vec![]),
        ("nobody", vec![]),
    ] {
        assert_eq!(found(&store, searching(text)).await, expected, "{text}");
    }
}

/// A search knows neither case nor accents, and no words that merely collate alike.
pub async fn a_search_for_people_folds_accents_and_nothing_else(store: Arc<dyn Store>) {
    let long = "x".repeat(45);
    for (address, name) in [("a@example.com", "José Ñandú"), ("b@example.com", "Strauß"), ("c@example.com", "Strauss")]
    {
        called(&store, address, name, Role::Customer).await;
    }
    called(&store, "d@example.com", &long, Role::Customer).await;
    for (text, expected) in [
        ("jose", vec!["a"]),
        ("nandu JOSÉ", vec!["a"]),
        ("jose\u{301} Ñan", vec!["a"]),
        ("strauss", vec!["c"]),
        ("STRAUß", vec!["b"]),
        (long.as_str(), vec!["d"]),
    ] {
        assert_eq!(found(&store, searching(text)).await, expected, "{text}");
    }
}

/// Role and status narrow what is found, each and together with a search.
pub async fn filters_of_people_narrow_each_other(store: Arc<dyn Store>) {
    let roles = [Role::Customer, Role::Manager, Role::Admin];
    for (n, role) in [roles, roles, roles].concat().into_iter().enumerate() {
        let name = if n % 2 == 0 { "Ada King" } else { "Eve King" };
        let id = called(&store, &format!("p{n}@example.com"), name, role).await.id;
        if n < 3 {
            store.set_customer_status(id, true, id, &cause()).await.expect("a change");
        }
    }
    let of = |role, status| CustomerQuery { role, status, ..Default::default() };
    assert_eq!(found(&store, of(Some(Role::Manager), None)).await, ["p1", "p4", "p7"]);
    assert_eq!(found(&store, of(None, Some(CustomerStatus::Disabled))).await, ["p0", "p1", "p2"]);
    assert_eq!(found(&store, of(Some(Role::Admin), Some(CustomerStatus::Active))).await, ["p5", "p8"]);
    assert!(found(&store, of(None, Some(CustomerStatus::Erased))).await.is_empty());
    let narrow = |role, status| CustomerQuery { role, status, ..searching("king ad") };
    assert_eq!(found(&store, narrow(None, None)).await, ["p0", "p2", "p4", "p6", "p8"]);
    assert_eq!(found(&store, narrow(Some(Role::Admin), None)).await, ["p2", "p8"]);
    assert_eq!(found(&store, narrow(None, Some(CustomerStatus::Active))).await, ["p4", "p6", "p8"]);
    assert_eq!(found(&store, narrow(Some(Role::Customer), Some(CustomerStatus::Active))).await, ["p6"]);
}

/// Whoever has another name or address is found by its words, and by the old ones no longer.
pub async fn a_changed_person_is_found_by_their_new_words(store: Arc<dyn Store>) {
    let id = called(&store, "old@example.com", "Ada Byron", Role::Customer).await.id;
    let profile = Profile { name: person_name("Ada Lovelace"), addresses: AddressBook::default() };
    store.update_profile(id, None, profile, &cause()).await.expect("a change");
    wish_for_address(&store, id, "new@example.com", 1).await;
    store.verify_email(token(1), &cause()).await.expect("another address");
    for (text, hits) in [("byron", 0), ("lovelace", 1), ("ada", 1), ("old", 0), ("new", 1), ("new ada", 1)] {
        assert_eq!(found(&store, searching(text)).await.len(), hits, "{text}");
    }
}

/// Whoever was forgotten is in the list, and found by no word of before.
pub async fn an_erased_person_is_found_by_no_word(store: Arc<dyn Store>) {
    let id = called(&store, "ada@example.com", "Ada Lovelace", Role::Customer).await.id;
    called(&store, "eve@example.com", "Eve", Role::Customer).await;
    store.erase_customer(id, &cause()).await.expect("an erasure");
    for text in ["ada", "lovelace", "lov", "ada@example.com", "erased", "invalid", &id.to_string()] {
        assert!(found(&store, searching(text)).await.is_empty(), "{text}");
    }
    assert_eq!(found(&store, searching("example")).await, ["eve"]);
    let erased = CustomerQuery { status: Some(CustomerStatus::Erased), ..Default::default() };
    let listed = walk(&store, erased).await;
    assert_eq!(listed, [store.customer(id).await.expect("a customer")]);
    assert_eq!(walk(&store, CustomerQuery::default()).await.len(), 2);
}
