//! Lists of orders: of one customer, and of everybody.

use crate::sales::{WINDOW, in_future, parcel, seen, sent};
use crate::shop::{Shop, cause, gbp, limit, newcomer, order, pieces, reason};
use chrono::Duration;
use souk_domain::ports::Store;
use souk_domain::{
    AddressBook, CaptureMode, Cause, CustomerId, Order, OrderNumber, OrderSearch, OrderStatus, OrderText, Profile,
    ProviderPayment, ProviderState, RefundWish, Role, from_micros,
};
use std::sync::Arc;

/// One customer's orders are walked newest first, each once, while new ones come between the pages.
pub async fn orders_are_walked_newest_first(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1000).await.id;
    let (buyer, other) = (shop.customer("buyer").await, shop.customer("other").await);
    let mut placed = Vec::new();
    for n in 1..=8 {
        placed.push(shop.place(order(buyer, [pieces(product, n)])).await.expect("an order").value);
        shop.place(order(other, [pieces(product, 1)])).await.expect("an order");
    }
    placed[3] = shop.cancel(placed[3].id).await.expect("a cancellation").value;
    placed.reverse();
    let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = shop.store.orders(buyer, limit(3), after).await.expect("a page");
        sizes.push(page.items.len());
        seen.extend(page.items);
        assert!(seen.len() <= 1000, "the pages have no end");
        shop.place(order(buyer, [pieces(product, 1)])).await.expect("an order");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), (placed, vec![3, 3, 2]));
    let page = shop.store.orders(other, limit(8), None).await.expect("a page");
    assert_eq!((page.items.len(), page.next), (8, None));
}

/// Somebody who bought nothing has no orders.
pub async fn without_orders_the_list_is_empty(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let page = shop.store.orders(shop.customer("buyer").await, limit(3), None).await.expect("a page");
    assert!(page.items.is_empty() && page.next.is_none());
}

/// Everybody's orders are walked newest first, each once and whole, while new ones come between the pages.
pub async fn orders_of_everybody_are_walked_newest_first(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1000).await.id;
    let buyers = [shop.customer("ada").await, shop.customer("bob").await];
    let mut placed = Vec::new();
    for n in 0..8 {
        placed.push(shop.place(order(buyers[n % 2], [pieces(product, 1)])).await.expect("an order").value);
    }
    placed[2] = shop.pay(placed[2].id).await;
    placed[5] = shop.cancel(placed[5].id).await.expect("a cancellation").value;
    placed.reverse();
    let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = shop.store.search_orders(OrderSearch { limit: limit(3), after, ..Default::default() }).await;
        let page = page.expect("a page");
        sizes.push(page.items.len());
        seen.extend(page.items);
        assert!(seen.len() <= 1000, "the pages have no end");
        shop.place(order(buyers[0], [pieces(product, 1)])).await.expect("an order");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), (placed, vec![3, 3, 2]));
}

/// A list ends without another page, whether the last page is full or not; an empty list has none.
pub async fn a_list_of_orders_ends(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 1000).await.id, shop.customer("buyer").await);
    assert!(shop.search(OrderSearch::default()).await.is_empty());
    for _ in 0..4 {
        shop.place(order(buyer, [pieces(product, 1)])).await.expect("an order");
    }
    for size in [1, 2, 3, 4, 5] {
        assert_eq!(shop.search(OrderSearch { limit: limit(size), ..Default::default() }).await.len(), 4, "{size}");
    }
}

/// An order that is so now: placed, and led there.
async fn order_that_is(shop: &Shop, status: OrderStatus) -> Order {
    let product = shop.stocked(&format!("P-{}", status.as_str()), 9).await.id;
    let buyer = shop.customer(status.as_str()).await;
    let id = shop.place(order(buyer, [pieces(product, 2)])).await.expect("an order").value.id;
    let staff = shop.staff;
    if !matches!(status, OrderStatus::PendingPayment | OrderStatus::Cancelled | OrderStatus::Expired) {
        shop.pay(id).await;
    }
    let send = |number: u32| {
        let wish = parcel(&format!("T{number}"), [sent(product, number)]);
        shop.change(id, move |order, cause| order.ship(&wish, staff, cause))
    };
    let refund = |wish: RefundWish| {
        shop.change(id, move |order, cause| order.refund(None, &wish, &reason("sorry"), staff, cause))
    };
    match status {
        OrderStatus::PendingPayment | OrderStatus::Paid => {}
        OrderStatus::PartiallyShipped => send(1).await.map(drop).expect("a parcel"),
        OrderStatus::Shipped => send(2).await.map(drop).expect("a parcel"),
        OrderStatus::Delivered => {
            send(2).await.expect("a parcel");
            shop.change(id, move |order, cause| order.deliver(None, staff, cause)).await.map(drop).expect("a delivery");
        }
        OrderStatus::Cancelled => shop.cancel(id).await.map(drop).expect("a cancellation"),
        OrderStatus::Expired => {
            let late = in_future(WINDOW * 2);
            shop.change_as(id, None, &late, |order, cause| order.expire(cause)).await.map(drop).expect("the end");
        }
        OrderStatus::PartiallyRefunded => {
            refund(RefundWish::Amount(gbp(1))).await.expect("a refund");
            shop.observe(id, ProviderState::Captured).await;
        }
        OrderStatus::Refunded => {
            refund(RefundWish::All).await.expect("a refund");
            shop.observe(id, ProviderState::Captured).await;
        }
        OrderStatus::UnderReview => {
            let other = |order: &Order, cause: &Cause| {
                let mut refunds = seen(order, ProviderState::Captured).refunds;
                refunds.push(souk_domain::ProviderRefund {
                    reference: "re_elsewhere".to_owned(),
                    operation_id: None,
                    amount_minor: 1,
                    state: souk_domain::RefundState::Succeeded,
                });
                order.observe(&ProviderPayment { refunds, ..seen(order, ProviderState::Captured) }, cause)
            };
            shop.change(id, other).await.map(drop).expect("a review");
        }
    }
    let order = shop.store.order(id, None).await.expect("an order");
    assert_eq!(order.status, status);
    order
}

/// Orders are found by their status, whichever it is, and by no other.
pub async fn orders_are_found_by_their_status(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let mut made = Vec::new();
    for status in OrderStatus::ALL {
        made.push(order_that_is(&shop, status).await);
    }
    for order in &made {
        let search = OrderSearch { status: Some(order.status), ..Default::default() };
        assert_eq!(shop.search(search).await, std::slice::from_ref(order));
    }
    made.reverse();
    assert_eq!(shop.search(OrderSearch { limit: limit(4), ..Default::default() }).await, made);
}

/// A span of time holds its beginning and not its end, to the microsecond.
pub async fn a_span_of_time_holds_its_beginning_and_not_its_end(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let (product, buyer) = (shop.stocked("A1", 1000).await.id, shop.customer("buyer").await);
    let begin = 1_700_000_000_123_457;
    let mut placed = Vec::new();
    for n in [0, 1, 2, 1_000_000] {
        let cause = Cause { at: from_micros(begin + n), ..cause() };
        placed.push(shop.buy(order(buyer, [pieces(product, 1)]), &cause).await.expect("an order").value);
        // What happens later is no matter.
        let last = placed.last_mut().expect("an order");
        *last = shop.note(last.id, "later").await.expect("a note").value;
    }
    let spans = [
        (None, None, 0..4),
        (Some(0), None, 0..4),
        (Some(1), None, 1..4),
        (Some(2), Some(2), 0..0),
        (None, Some(0), 0..0),
        (None, Some(1), 0..1),
        (Some(1), Some(2), 1..2),
        (Some(1), Some(3), 1..3),
        (Some(3), Some(1), 0..0),
        (Some(3), Some(1_000_000), 0..0),
        (Some(3), Some(1_000_001), 3..4),
    ];
    for (from, until, expected) in spans {
        let [from, until] = [from, until].map(|moment| moment.map(|n: i64| from_micros(begin + n)));
        let found = shop.search(OrderSearch { from, until, ..Default::default() }).await;
        let expected: Vec<_> = placed[expected].iter().rev().cloned().collect();
        assert_eq!(found, expected, "{from:?} {until:?}");
    }
}

async fn called(shop: &Shop, address: &str, name: &str) -> CustomerId {
    let new = newcomer(address, name, Role::Customer);
    shop.store.register_customer(new, &cause()).await.expect("a registration").value.id
}

/// Whose orders a text finds, by the local parts of their addresses, in alphabetical order.
async fn found(shop: &Shop, text: &str) -> Vec<String> {
    let text = Some(OrderText::parse(text).expect("a search"));
    let mut names = Vec::new();
    for order in shop.search(OrderSearch { text, limit: limit(2), ..Default::default() }).await {
        let buyer = shop.store.customer(order.customer_id).await.expect("a customer");
        names.push(buyer.email.as_str().split('@').next().unwrap_or_default().to_owned());
    }
    names.sort();
    names
}

/// Orders are found by words of their buyer's name and address as they are now, all whole and the start of the last.
pub async fn orders_are_found_by_words_of_their_buyer(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1000).await.id;
    let mut buyers = Vec::new();
    for (address, name) in [
        ("ada@lovelace.example.com", "Ada Augusta King"),
        ("bob@example.com", "José King-Smith"),
        ("kim+shop@example.org", "Kim Lovelace 𠮷野"),
    ] {
        buyers.push(called(&shop, address, name).await);
        shop.place(order(buyers[buyers.len() - 1], [pieces(product, 1)])).await.expect("an order");
    }
    called(&shop, "none@example.com", "King Without Orders").await;
    shop.place(order(buyers[0], [pieces(product, 1)])).await.expect("an order");
    for (text, expected) in [
        ("king", vec!["ada", "ada", "bob"]),
        ("ki", vec!["ada", "ada", "bob", "kim+shop"]),
        ("king ada", vec!["ada", "ada"]),
        ("KING smi", vec!["bob"]),
        ("ki smith", vec![]),
        ("jose", vec!["bob"]),
        ("lovelace", vec!["ada", "ada", "kim+shop"]),
        ("bob@example.com", vec!["bob"]),
        ("𠮷", vec!["kim+shop"]),
        ("without", vec![]),
        ("ing", vec![]),
        ("nobody", vec![]),
    ] {
        assert_eq!(found(&shop, text).await, expected, "{text}");
    }
    let profile = Profile { name: crate::shop::person_name("Robert"), addresses: AddressBook::default() };
    shop.store.update_profile(buyers[1], None, profile, &cause()).await.expect("a change");
    shop.store.erase_customer(buyers[0], &cause()).await.expect("an erasure");
    for (text, expected) in [("king", vec![]), ("robert", vec!["bob"]), ("ada", vec![]), ("lovelace", vec!["kim+shop"])]
    {
        assert_eq!(found(&shop, text).await, expected, "{text}");
    }
}

/// Every condition narrows what the others find, a number too; a number of another year finds nothing.
pub async fn conditions_of_orders_narrow_each_other(store: Arc<dyn Store>) {
    let shop = Shop::open(store).await;
    let product = shop.stocked("A1", 1000).await.id;
    let buyers =
        [called(&shop, "ada@example.com", "Ada King").await, called(&shop, "bob@example.com", "Bob King").await];
    let begin = from_micros(1_700_000_000_000_000);
    let mut made = Vec::new();
    for n in 0..24 {
        let cause = Cause { at: begin + Duration::minutes(n / 4), ..cause() };
        let new = order(buyers[n as usize % 2], [pieces(product, 1)]);
        let placed = shop.buy(new, &cause).await.expect("an order").value;
        made.push(match n % 3 {
            0 => shop.cancel(placed.id).await.expect("a cancellation").value,
            1 => shop.start_payment(placed.id, CaptureMode::Automatic, &cause).await,
            _ => shop.pay(placed.id).await,
        });
    }
    made.reverse();
    let some = &made[9];
    let texts = ["king", "bob", "nobody", &some.number.to_string()];
    let wrong = OrderNumber::new(from_micros(0), some.number.serial());
    let mut searches = vec![OrderSearch { text: Some(OrderText::Number(wrong)), ..Default::default() }];
    for status in [None, Some(OrderStatus::Cancelled), Some(OrderStatus::PendingPayment), Some(OrderStatus::Paid)] {
        for customer in [None, Some(buyers[0]), Some(CustomerId::new())] {
            for from in [None, Some(begin + Duration::minutes(2))] {
                for until in [None, Some(begin + Duration::minutes(4))] {
                    searches.push(OrderSearch { status, customer, from, until, limit: limit(5), ..Default::default() });
                    let text = OrderText::parse(texts[searches.len() % 4]).expect("a search");
                    searches.push(OrderSearch {
                        text: Some(text),
                        limit: limit(3),
                        ..searches[searches.len() - 1].clone()
                    });
                }
            }
        }
    }
    let names = |order: &Order| if order.customer_id == buyers[0] { ["ada", "king"] } else { ["bob", "king"] };
    for search in searches {
        let fits = |order: &&Order| {
            let by_text = search.text.as_ref().is_none_or(|text| match text {
                OrderText::Number(number) => *number == order.number,
                OrderText::Buyer(query) => names(order).contains(&query.prefix.as_str()),
            });
            by_text
                && search.status.is_none_or(|status| status == order.status)
                && search.customer.is_none_or(|customer| customer == order.customer_id)
                && search.from.is_none_or(|from| from <= order.placed_at)
                && search.until.is_none_or(|until| order.placed_at < until)
        };
        let expected: Vec<_> = made.iter().filter(fits).cloned().collect();
        assert_eq!(shop.search(search.clone()).await, expected, "{search:?}");
    }
}
