//! The names of orders for people.

use crate::mailbox::{token, wish_for_address};
use crate::sales::to;
use crate::shop::{Shop, address, assert_not_found, at_once, cause, email, order, pieces};
use souk_domain::ports::Store;
use souk_domain::{Cause, DateTime, Error, OrderNumber, OrderSearch, OrderText, from_micros};
use std::collections::HashSet;
use std::sync::Arc;

/// A moment in a year.
fn in_year(year: i32, text: &str) -> DateTime {
    let moment: DateTime = format!("{year}-{text}Z").parse().expect("a moment");
    from_micros(moment.timestamp_micros())
}

/// An order has a number of the year that it was placed in, in UTC, which the store counts on; its event tells it.
pub async fn an_order_has_a_number_of_its_year(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 100).await.id, shop.customer("buyer").await);
    let moments = [
        (2023, "12-31T23:59:59.999999"),
        (2024, "01-01T00:00:00"),
        (2024, "12-31T23:59:59.999999"),
        (2031, "06-01T12:00:00"),
    ];
    let mut last = 0;
    for (year, text) in moments {
        let cause = Cause { at: in_year(year, text), ..cause() };
        let placed = shop.buy(order(buyer, [pieces(product, 1)]), &cause).await.expect("an order");
        let number = placed.value.number;
        assert!(number.to_string().starts_with(&format!("S-{year}-")), "{number}");
        assert!(number.serial() > last, "{number}");
        last = number.serial();
        assert_eq!(OrderNumber::parse(&number.to_string()), Ok(number));
        let told = placed.events.iter().find_map(|event| event.data.order()).expect("an event").1;
        assert_eq!((told.number, told.order_id), (number, placed.value.id));
        assert_eq!(shop.store.order(placed.value.id, None).await.expect("an order").number, number);
        let cancelled = shop.cancel(placed.value.id).await.expect("a cancellation").value;
        assert_eq!(cancelled.number, number);
    }
}

/// Sixty-four buyers at once get sixty-four numbers.
pub async fn sixty_four_orders_at_once_have_sixty_four_numbers(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let buy = |n: i32| {
        let shop = shop.clone();
        async move {
            let buyer = shop.customer(&format!("buyer{n}")).await;
            shop.place(order(buyer, [pieces(product, 1)])).await.expect("an order").value
        }
    };
    let placed = at_once((0..64).map(buy)).await;
    let numbers: HashSet<_> = placed.iter().map(|order| order.number).collect();
    assert_eq!((numbers.len(), shop.stock(product).await.reserved), (64, 64));
    for order in placed {
        let text = Some(OrderText::Number(order.number));
        assert_eq!(shop.search(OrderSearch { text, ..Default::default() }).await, [order]);
    }
}

/// An order is found by its number and its buyer's address, whatever their case, and by no other number or address.
pub async fn an_order_is_found_by_its_number_and_address(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let (ada, bob) = (shop.customer("ada").await, shop.customer("bob").await);
    let mine =
        shop.place(to(order(ada, [pieces(product, 1)]), address("王 𠮷野", true))).await.expect("an order").value;
    let other = shop.place(order(bob, [pieces(product, 1)])).await.expect("an order").value;
    let found = async |number: &str, address: &str| {
        shop.store.order_by_number(number.parse().expect(number), &email(address)).await
    };
    let number = mine.number.to_string();
    for (number, address) in [(number.clone(), "ada@example.com"), (number.to_lowercase(), "ADA@Example.com")] {
        assert_eq!(found(&number, address).await.expect("an order"), mine);
    }
    let later = shop.note(mine.id, "a note").await.expect("a note").value;
    assert_eq!(found(&number, "ada@example.com").await.expect("an order"), later);
    for address in ["bob@example.com", "nobody@example.com", "ad@example.com", "ada@example.co", "staff@example.com"] {
        assert_not_found(found(&number, address).await, "order");
    }
    assert_not_found(found(&other.number.to_string(), "ada@example.com").await, "order");
    let years = OrderNumber::new(in_year(1999, "06-01T00:00:00"), mine.number.serial());
    let unknown = OrderNumber::new(mine.placed_at, 999_999_999_999_999_999);
    for number in [years, unknown, OrderNumber::new(mine.placed_at, 0)] {
        assert_not_found(found(&number.to_string(), "ada@example.com").await, "order");
    }
}

/// It is the address that the buyer has now which finds an order, and nobody's once they were forgotten.
pub async fn the_present_address_finds_an_order(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 100).await.id;
    let ada = shop.customer("ada").await;
    let placed = shop.place(order(ada, [pieces(product, 1)])).await.expect("an order").value;
    let by = async |address: &str| shop.store.order_by_number(placed.number, &email(address)).await;
    wish_for_address(&shop.store, ada, "lovelace@example.com", 1).await;
    assert_eq!(by("ada@example.com").await.expect("an order"), placed);
    shop.store.verify_email(token(1), &cause()).await.expect("another address");
    assert_eq!(by("lovelace@example.com").await.expect("an order"), placed);
    assert_not_found(by("ada@example.com").await, "order");
    // Whoever has the address now is somebody else.
    shop.customer("ada").await;
    assert_not_found(by("ada@example.com").await, "order");
    shop.store.erase_customer(ada, &cause()).await.expect("an erasure");
    for address in ["lovelace@example.com", "ada@example.com"] {
        let found: Result<_, Error> = by(address).await;
        assert_not_found(found, "order");
    }
}
