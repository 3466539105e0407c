//! Opening, merging, owning and closing carts. What is in them: `cart_lines.rs`.

use crate::server::Server;
use souk_domain::ports::Carts;
use souk_domain::{
    Cart, CartChange, CartId, CartLine, CurrencyCode, CustomerId, Error, Money, OrderId, ProductId, Quantity,
};
use souk_redis::RedisLink;

pub fn price(minor: i64) -> Money {
    Money::new(minor, CurrencyCode::parse("GBP").unwrap()).unwrap()
}

pub fn line(product_id: ProductId, pieces: u32) -> CartLine {
    CartLine { product_id, quantity: Quantity::new(pieces).unwrap(), price_when_added: price(1299) }
}

/// Adds pieces of a product.
pub async fn add(carts: &RedisLink, cart: &Cart, product: ProductId, pieces: u32) -> Result<bool, Error> {
    carts.change_cart(cart.id, cart.owner, CartChange::Add(line(product, pieces)), None).await
}

/// The cart as its owner sees it now.
pub async fn look(carts: &RedisLink, cart: &Cart) -> Cart {
    carts.cart(cart.id, cart.owner).await.unwrap().0
}

/// Products and pieces, in their order.
pub fn pieces(cart: &Cart) -> Vec<(ProductId, u32)> {
    cart.lines.iter().map(|line| (line.product_id, line.quantity.get())).collect()
}

pub fn products<const COUNT: usize>() -> [ProductId; COUNT] {
    [(); COUNT].map(|()| ProductId::new())
}

/// What a refusal is called.
pub fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome.unwrap_err() {
        Error::NotFound(what) => format!("no {what}"),
        Error::Conflict { code, .. } => code.to_owned(),
        Error::Invalid(violation) => violation.code.to_owned(),
        Error::KeyReused => "key_reused".to_owned(),
        other => panic!("{other}"),
    }
}

/// The cart of a customer, or of a guest.
pub async fn open(carts: &RedisLink, owner: Option<CustomerId>) -> Cart {
    carts.open_cart(owner, None).await.unwrap()
}

/// A guest's cart with some products in it.
async fn guests(carts: &RedisLink, content: &[(ProductId, u32)]) -> Cart {
    let cart = open(carts, None).await;
    for (product, pieces) in content {
        add(carts, &cart, *product, *pieces).await.unwrap();
    }
    look(carts, &cart).await
}

/// What a customer has after a guest's cart became theirs.
async fn merge(carts: &RedisLink, owner: CustomerId, from: &Cart) -> Cart {
    carts.open_cart(Some(owner), Some(from.id)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_gets_a_new_cart_each_time() {
    let server = Server::shared();
    let carts = server.link();
    let (one, other) = (open(&carts, None).await, open(&carts, None).await);
    assert_ne!(one.id, other.id);
    assert_eq!(one, Cart { id: one.id, owner: None, version: 1, lines: Vec::new(), order_id: None });
    assert_eq!(look(&carts, &one).await, one);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_gets_the_same_cart_until_it_becomes_an_order() {
    let server = Server::shared();
    let (carts, customer) = (server.link(), CustomerId::new());
    let cart = open(&carts, Some(customer)).await;
    assert_eq!(cart, Cart { id: cart.id, owner: Some(customer), version: 1, lines: Vec::new(), order_id: None });
    add(&carts, &cart, ProductId::new(), 2).await.unwrap();
    let again = open(&carts, Some(customer)).await;
    assert_eq!(again, look(&carts, &cart).await);
    assert_eq!((again.id, again.lines.len()), (cart.id, 1));
    assert_ne!(open(&carts, Some(CustomerId::new())).await.id, cart.id);

    carts.close_cart(cart.id, OrderId::new()).await.unwrap();
    let next = open(&carts, Some(customer)).await;
    assert_eq!(next, Cart { id: next.id, owner: Some(customer), version: 1, lines: Vec::new(), order_id: None });
    assert_ne!(next.id, cart.id);
    assert_eq!(open(&carts, Some(customer)).await, next);
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_that_open_at_once_get_one_cart() {
    let server = Server::shared();
    let customer = CustomerId::new();
    let tabs = (0..20).map(|_| {
        let carts = server.link();
        tokio::spawn(async move { open(&carts, Some(customer)).await.id })
    });
    let mut ids = Vec::new();
    for tab in tabs.collect::<Vec<_>>() {
        ids.push(tab.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_open_to_its_owner_and_a_guests_to_anyone_who_knows_it() {
    let server = Server::shared();
    let (carts, owner, stranger) = (server.link(), CustomerId::new(), CustomerId::new());
    let cart = open(&carts, Some(owner)).await;
    let change = || CartChange::Add(line(ProductId::new(), 1));
    for caller in [None, Some(stranger)] {
        assert_eq!(code(carts.cart(cart.id, caller).await), "no cart");
        assert_eq!(code(carts.change_cart(cart.id, caller, change(), None).await), "no cart");
    }
    assert_eq!(look(&carts, &cart).await, cart);

    let cart = open(&carts, None).await;
    for caller in [None, Some(owner), Some(stranger)] {
        carts.change_cart(cart.id, caller, change(), None).await.unwrap();
        assert!(carts.cart(cart.id, caller).await.is_ok());
    }
    assert_eq!(look(&carts, &cart).await.lines.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_does_not_exist_is_not_found() {
    let server = Server::shared();
    let (carts, id) = (server.link(), CartId::random());
    assert_eq!(code(carts.cart(id, None).await), "no cart");
    assert_eq!(code(carts.change_cart(id, None, CartChange::Remove(ProductId::new()), None).await), "no cart");
    carts.close_cart(id, OrderId::new()).await.unwrap();
    assert_eq!(code(carts.cart(id, None).await), "no cart", "closing it makes none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_cart_is_merged_into_the_customers_and_gone() {
    let server = Server::shared();
    let (carts, customer) = (server.link(), CustomerId::new());
    let [a, b, c, d] = products();
    let cart = open(&carts, Some(customer)).await;
    for (product, pieces) in [(c, 1), (b, 2)] {
        add(&carts, &cart, product, pieces).await.unwrap();
    }
    let guest = guests(&carts, &[(d, 5), (b, 3), (a, 7)]).await;
    let merged = merge(&carts, customer, &guest).await;
    assert_eq!(merged.id, cart.id);
    assert_eq!(pieces(&merged), [(c, 1), (b, 5), (d, 5), (a, 7)], "what was there first comes first");
    assert_eq!(merged.version, 4, "a merge is one change");
    assert_eq!(code(carts.cart(guest.id, None).await), "no cart");

    assert_eq!(merge(&carts, customer, &guest).await, merged, "merging twice does not double");
    let e = ProductId::new();
    add(&carts, &cart, e, 1).await.unwrap();
    assert_eq!(look(&carts, &cart).await.lines[4].product_id, e);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_cart_becomes_the_first_one_of_a_customer() {
    let server = Server::shared();
    let (carts, customer) = (server.link(), CustomerId::new());
    let [a, b] = products();
    let guest = guests(&carts, &[(b, 1), (a, 2)]).await;
    let merged = merge(&carts, customer, &guest).await;
    assert_eq!((merged.owner, pieces(&merged)), (Some(customer), vec![(b, 1), (a, 2)]));
    assert_ne!(merged.id, guest.id, "strangers may know that one");
    assert_eq!(open(&carts, Some(customer)).await, merged);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_guests_cart_changes_nothing_and_is_gone() {
    let server = Server::shared();
    let (carts, customer) = (server.link(), CustomerId::new());
    let (cart, guest) = (open(&carts, Some(customer)).await, open(&carts, None).await);
    assert_eq!(merge(&carts, customer, &guest).await, cart);
    assert_eq!(code(carts.cart(guest.id, None).await), "no cart");
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_quantities_go_up_to_the_largest_there_is_and_keep_the_first_price() {
    let server = Server::shared();
    let (carts, customer, product) = (server.link(), CustomerId::new(), ProductId::new());
    let cart = open(&carts, Some(customer)).await;
    add(&carts, &cart, product, 999_999).await.unwrap();
    let guest = open(&carts, None).await;
    let dearer = CartLine { price_when_added: price(5000), ..line(product, 2) };
    carts.change_cart(guest.id, None, CartChange::Add(dearer), None).await.unwrap();
    assert_eq!(merge(&carts, customer, &guest).await.lines, [line(product, Quantity::MAX)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_find_no_place_stay_in_the_guests_cart() {
    let server = Server::shared();
    let (carts, customer) = (server.link(), CustomerId::new());
    let (there, [a, b, c]) = (products::<{ Cart::MAX_LINES - 1 }>(), products());
    let cart = open(&carts, Some(customer)).await;
    for product in &there {
        add(&carts, &cart, *product, 1).await.unwrap();
    }
    let guest = guests(&carts, &[(a, 1), (b, 2), (there[7], 4), (c, 3)]).await;
    let merged = merge(&carts, customer, &guest).await;
    assert_eq!(merged.lines.len(), Cart::MAX_LINES);
    assert_eq!((merged.lines[199].product_id, merged.lines[7].quantity.get()), (a, 5));
    let left = look(&carts, &guest).await;
    assert_eq!(pieces(&left), [(b, 2), (c, 3)]);
    assert_eq!(left.version, guest.version + 1);

    assert_eq!(merge(&carts, customer, &guest).await, merged, "nothing finds a place now");
    assert_eq!(look(&carts, &guest).await, left);
    carts.change_cart(cart.id, cart.owner, CartChange::Remove(there[0]), None).await.unwrap();
    assert_eq!(merge(&carts, customer, &guest).await.lines[199].product_id, b);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_is_somebodys_or_ordered_or_unknown_is_not_merged() {
    let server = Server::shared();
    let (carts, customer, product) = (server.link(), CustomerId::new(), ProductId::new());
    let cart = open(&carts, Some(customer)).await;
    let strangers = open(&carts, Some(CustomerId::new())).await;
    add(&carts, &strangers, product, 1).await.unwrap();
    assert_eq!(merge(&carts, customer, &strangers).await, cart);
    assert_eq!(look(&carts, &strangers).await.lines.len(), 1);

    add(&carts, &cart, product, 3).await.unwrap();
    let own = look(&carts, &cart).await;
    assert_eq!(merge(&carts, customer, &cart).await, own, "their own");

    let ordered = guests(&carts, &[(product, 1)]).await;
    carts.close_cart(ordered.id, OrderId::new()).await.unwrap();
    assert_eq!(merge(&carts, customer, &ordered).await, own);
    assert!(look(&carts, &ordered).await.order_id.is_some());
    assert_eq!(carts.open_cart(Some(customer), Some(CartId::random())).await.unwrap(), own);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_cart_is_empty_names_its_order_and_refuses_changes() {
    let server = Server::shared();
    let (carts, order, product) = (server.link(), OrderId::new(), ProductId::new());
    for owner in [None, Some(CustomerId::new())] {
        let cart = open(&carts, owner).await;
        add(&carts, &cart, product, 2).await.unwrap();
        carts.close_cart(cart.id, order).await.unwrap();
        let closed = look(&carts, &cart).await;
        assert_eq!(closed, Cart { version: 3, lines: Vec::new(), order_id: Some(order), ..cart.clone() });

        let quantity = Quantity::new(1).unwrap();
        let changes = [
            CartChange::Add(line(product, 1)),
            CartChange::Set { product_id: product, quantity },
            CartChange::Remove(product),
        ];
        for change in changes {
            assert_eq!(code(carts.change_cart(cart.id, owner, change, None).await), "cart_ordered");
        }
        carts.close_cart(cart.id, OrderId::new()).await.unwrap();
        assert_eq!(look(&carts, &cart).await, closed, "the first order stands");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_is_left_stays_to_be_read_and_its_owner_gets_another_one() {
    let server = Server::shared();
    let (carts, customer, [a, b]) = (server.link(), CustomerId::new(), products());
    let left = open(&carts, Some(customer)).await;
    add(&carts, &left, a, 2).await.unwrap();
    // Only the owner's own, and only that one.
    let (other, guest) = (CustomerId::new(), open(&carts, None).await);
    for (id, owner) in [(left.id, other), (guest.id, customer), (CartId::random(), customer)] {
        carts.leave_cart(id, owner).await.unwrap();
        assert_eq!(open(&carts, Some(customer)).await.id, left.id);
    }

    carts.leave_cart(left.id, customer).await.unwrap();
    let next = open(&carts, Some(customer)).await;
    assert_ne!(next.id, left.id);
    add(&carts, &left, b, 1).await.unwrap();
    assert_eq!(pieces(&look(&carts, &left).await), [(a, 2), (b, 1)]);
    // Neither a use of the old cart nor another tab that leaves it as well takes the new one away.
    carts.leave_cart(left.id, customer).await.unwrap();
    assert_eq!(open(&carts, Some(customer)).await, next);

    // Whoever placed the order and is only late still closes it.
    let order = OrderId::new();
    carts.close_cart(left.id, order).await.unwrap();
    assert_eq!(look(&carts, &left).await.order_id, Some(order));
    assert_eq!(open(&carts, Some(customer)).await, next);
}

/// Shortens a key's life, so that a prolonged one is seen.
async fn shorten(server: &Server, key: &str) {
    let () = redis::cmd("PEXPIRE").arg(key).arg(60_000).query_async(&mut server.raw().await).await.unwrap();
}

async fn days_left(server: &Server, key: &str) -> i64 {
    let left: i64 = redis::cmd("PTTL").arg(key).query_async(&mut server.raw().await).await.unwrap();
    (left + 60_000) / (24 * 60 * 60 * 1000)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_uses_a_cart_prolongs_its_life_and_an_order_ends_it_in_a_day() {
    let server = Server::shared();
    let (carts, customer) = (server.link(), CustomerId::new());
    for (owner, days) in [(None, 30), (Some(customer), 90)] {
        let cart = open(&carts, owner).await;
        let key = format!("souk:cart:{}", cart.id);
        let name = owner.map(|owner| format!("souk:cart-of:{owner}"));
        let keys: Vec<&String> = std::iter::once(&key).chain(&name).collect();
        // Anybody can open carts: a guest's that was never used goes after a day, however often it is looked at.
        let unused = if owner.is_some() { days } else { 1 };
        look(&carts, &cart).await;
        assert_eq!(days_left(&server, &key).await, unused);
        add(&carts, &cart, ProductId::new(), 1).await.unwrap();
        for key in &keys {
            assert_eq!(days_left(&server, key).await, days, "after a change: {key}");
            shorten(&server, key).await;
        }
        look(&carts, &cart).await;
        for key in &keys {
            assert_eq!(days_left(&server, key).await, days, "after a look: {key}");
        }
        carts.close_cart(cart.id, OrderId::new()).await.unwrap();
        look(&carts, &cart).await;
        assert_eq!(days_left(&server, &key).await, 1);
    }
}
