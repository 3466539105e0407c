//! What is in a cart and how it changes.

use crate::cache::copy;
use crate::carts::{add, code, line, look, open, pieces, price, products};
use crate::server::Server;
use souk_domain::ports::{Cache, CacheKey, Carts};
use souk_domain::{Cart, CartChange, CartId, CartLine, Claim, CustomerId, Money, ProductId, Quantity};

fn set(product_id: ProductId, pieces: u32) -> CartChange {
    CartChange::Set { product_id, quantity: Quantity::new(pieces).unwrap() }
}

/// A claim of the caller `scope`; the same `wish` has the same fingerprint.
fn claim(scope: &str, key: &str, wish: u8) -> Claim {
    Claim { scope: scope.to_owned(), key: key.to_owned(), fingerprint: [wish; 32] }
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_added_set_and_removed() {
    let server = Server::shared();
    let carts = server.link();
    let [a, b] = products();
    for owner in [None, Some(CustomerId::new())] {
        let cart = open(&carts, owner).await;
        let change = async |change| carts.change_cart(cart.id, owner, change, None).await.unwrap();
        assert!(!change(CartChange::Add(line(a, 2))).await, "it is no repetition");
        change(CartChange::Add(line(b, 1))).await;
        change(CartChange::Add(line(a, 3))).await;
        assert_eq!(pieces(&look(&carts, &cart).await), [(a, 5), (b, 1)]);
        change(set(a, 1)).await;
        assert_eq!(pieces(&look(&carts, &cart).await), [(a, 1), (b, 1)]);
        change(CartChange::Remove(a)).await;
        change(CartChange::Remove(a)).await;
        assert_eq!(pieces(&look(&carts, &cart).await), [(b, 1)]);
        assert_eq!(look(&carts, &cart).await.owner, owner);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_grows_with_each_change_and_only_then() {
    let server = Server::shared();
    let carts = server.link();
    let (cart, [a, b]) = (open(&carts, None).await, products());
    let cases = [
        (CartChange::Remove(a), 1),
        (CartChange::Add(line(a, 2)), 2),
        (CartChange::Add(line(a, 1)), 3),
        (set(a, 7), 4),
        (set(a, 7), 4),
        (CartChange::Remove(b), 4),
        (CartChange::Remove(a), 5),
        (CartChange::Remove(a), 5),
    ];
    for (change, version) in cases {
        carts.change_cart(cart.id, None, change.clone(), None).await.unwrap();
        assert_eq!(look(&carts, &cart).await.version, version, "{change:?}");
    }
    code(carts.change_cart(cart.id, None, set(b, 1), None).await);
    assert_eq!(look(&carts, &cart).await.version, 5, "a refusal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_not_there_cannot_be_set() {
    let server = Server::shared();
    let carts = server.link();
    let (cart, product) = (open(&carts, None).await, ProductId::new());
    assert_eq!(code(carts.change_cart(cart.id, None, set(product, 1), None).await), "no line");
    assert_eq!(look(&carts, &cart).await, cart);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_stand_in_the_order_of_their_first_adding() {
    let server = Server::shared();
    let carts = server.link();
    let (cart, mut added) = (open(&carts, None).await, products::<30>());
    // Ids that are made later sort later: their order must not help.
    added.reverse();
    for product in &added {
        add(&carts, &cart, *product, 1).await.unwrap();
    }
    add(&carts, &cart, added[20], 1).await.unwrap();
    carts.change_cart(cart.id, None, set(added[10], 9), None).await.unwrap();
    let order = async || look(&carts, &cart).await.lines.iter().map(|line| line.product_id).collect::<Vec<_>>();
    assert_eq!(order().await, added);

    carts.change_cart(cart.id, None, CartChange::Remove(added[0]), None).await.unwrap();
    add(&carts, &cart, added[0], 1).await.unwrap();
    added.rotate_left(1);
    assert_eq!(order().await, added, "who left queues again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_when_added_stays_the_first_one() {
    let server = Server::shared();
    let carts = server.link();
    let (cart, product) = (open(&carts, None).await, ProductId::new());
    let at = |minor| CartLine { price_when_added: price(minor), ..line(product, 1) };
    let first_price = async || look(&carts, &cart).await.lines[0].price_when_added.amount_minor();
    carts.change_cart(cart.id, None, CartChange::Add(at(Money::MAX_MINOR)), None).await.unwrap();
    carts.change_cart(cart.id, None, CartChange::Add(at(0)), None).await.unwrap();
    carts.change_cart(cart.id, None, set(product, 9), None).await.unwrap();
    assert_eq!(first_price().await, Money::MAX_MINOR);
    carts.change_cart(cart.id, None, CartChange::Remove(product), None).await.unwrap();
    carts.change_cart(cart.id, None, CartChange::Add(at(0)), None).await.unwrap();
    assert_eq!(first_price().await, 0, "added anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_takes_two_hundred_products_and_no_more() {
    let server = Server::shared();
    let carts = server.link();
    let (cart, there) = (open(&carts, None).await, products::<{ Cart::MAX_LINES }>());
    for product in &there {
        add(&carts, &cart, *product, 1).await.unwrap();
    }
    let full = look(&carts, &cart).await;
    assert_eq!(full.lines.len(), Cart::MAX_LINES);
    assert_eq!(code(add(&carts, &cart, ProductId::new(), 1).await), "cart_full");
    assert_eq!(look(&carts, &cart).await, full);
    add(&carts, &cart, there[0], 1).await.unwrap();
    carts.change_cart(cart.id, None, CartChange::Remove(there[1]), None).await.unwrap();
    add(&carts, &cart, ProductId::new(), 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_has_a_million_pieces_and_no_more() {
    let server = Server::shared();
    let carts = server.link();
    let (cart, product) = (open(&carts, None).await, ProductId::new());
    add(&carts, &cart, product, 999_999).await.unwrap();
    add(&carts, &cart, product, 1).await.unwrap();
    let full = look(&carts, &cart).await;
    assert_eq!(pieces(&full), [(product, Quantity::MAX)]);
    for pieces in [1, Quantity::MAX] {
        assert_eq!(code(add(&carts, &cart, product, pieces).await), "invalid_quantity");
    }
    assert_eq!(look(&carts, &cart).await, full);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_repeated_with_its_key_changes_nothing() {
    let server = Server::shared();
    let (carts, product) = (server.link(), ProductId::new());
    let cart = open(&carts, None).await;
    let add =
        async |claim: Claim| carts.change_cart(cart.id, None, CartChange::Add(line(product, 2)), Some(&claim)).await;
    let pieces = async || look(&carts, &cart).await.lines[0].quantity.get();
    assert!(!add(claim("guest", "a key: with \"ü\"", 1)).await.unwrap());
    assert!(add(claim("guest", "a key: with \"ü\"", 1)).await.unwrap(), "a repetition");
    let once = look(&carts, &cart).await;
    assert_eq!(pieces().await, 2);
    assert_eq!(code(add(claim("guest", "a key: with \"ü\"", 2)).await), "key_reused");
    assert_eq!(look(&carts, &cart).await, once);
    assert!(!add(claim("guest", "another key", 1)).await.unwrap());
    assert!(!add(claim("somebody else", "another key", 1)).await.unwrap());
    assert_eq!(pieces().await, 6);

    carts.change_cart(cart.id, None, CartChange::Remove(product), None).await.unwrap();
    assert!(add(claim("guest", "another key", 1)).await.unwrap(), "it was honoured, whatever happened since");
    assert!(look(&carts, &cart).await.lines.is_empty());
    let other = open(&carts, None).await;
    let change = CartChange::Add(line(product, 1));
    assert!(!carts.change_cart(other.id, None, change, Some(&claim("guest", "another key", 3))).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_leaves_its_key_free() {
    let server = Server::shared();
    let (carts, product) = (server.link(), ProductId::new());
    let cart = open(&carts, None).await;
    let claim = claim("guest", "key", 1);
    assert_eq!(code(carts.change_cart(cart.id, None, set(product, 5), Some(&claim)).await), "no line");
    add(&carts, &cart, product, 1).await.unwrap();
    assert!(!carts.change_cart(cart.id, None, set(product, 5), Some(&claim)).await.unwrap());
    assert_eq!(pieces(&look(&carts, &cart).await), [(product, 5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_known_when_the_cart_became_an_order() {
    let server = Server::shared();
    let (carts, change, claim) = (server.link(), CartChange::Add(line(ProductId::new(), 1)), claim("guest", "key", 1));
    let cart = open(&carts, None).await;
    assert!(!carts.change_cart(cart.id, None, change.clone(), Some(&claim)).await.unwrap());
    carts.close_cart(cart.id, souk_domain::OrderId::new()).await.unwrap();
    assert!(carts.change_cart(cart.id, None, change, Some(&claim)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_add_at_once_lose_nothing() {
    let server = Server::shared();
    let cart = open(&server.link(), Some(CustomerId::new())).await;
    let [shared, a, b] = products();
    let tabs = [a, b].map(|own| {
        let (carts, cart) = (server.link(), cart.clone());
        tokio::spawn(async move {
            for _ in 0..50 {
                add(&carts, &cart, shared, 1).await.unwrap();
                add(&carts, &cart, own, 2).await.unwrap();
            }
        })
    });
    for tab in tabs {
        tab.await.unwrap();
    }
    let cart = look(&server.link(), &cart).await;
    let mut pieces = pieces(&cart);
    pieces.sort_unstable();
    assert_eq!(pieces, [(shared, 100), (a, 100), (b, 100)]);
    assert_eq!(cart.version, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_many_times_at_once_counts_once() {
    let server = Server::shared();
    let (cart, product) = (open(&server.link(), None).await, ProductId::new());
    let tries = (0..20).map(|_| {
        let carts = server.link();
        let change = CartChange::Add(line(product, 1));
        tokio::spawn(async move { carts.change_cart(cart.id, None, change, Some(&claim("guest", "key", 1))).await })
    });
    let mut first = 0;
    for outcome in tries.collect::<Vec<_>>() {
        first += usize::from(!outcome.await.unwrap().unwrap());
    }
    assert_eq!((first, pieces(&look(&server.link(), &cart_of(cart.id)).await)), (1, vec![(product, 1)]));
}

/// A guest's cart by its id.
fn cart_of(id: CartId) -> Cart {
    Cart { id, owner: None, version: 1, lines: Vec::new(), order_id: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_cart_brings_every_copy_that_is_cached() {
    let server = Server::shared();
    let link = server.link();
    let (cart, there) = (open(&link, None).await, products::<{ Cart::MAX_LINES }>());
    let product = |n: usize| copy(n as i64, &format!("{{\"name\":\"Чай №{n}: 茶\"}}"));
    let stock = |n: usize| copy(1000 + n as i64, &format!("{{\"available\":{n}}}"));
    let mut copies = Vec::new();
    for (n, id) in there.iter().enumerate() {
        add(&link, &cart, *id, 1).await.unwrap();
        copies.push((CacheKey::Product(*id), product(n)));
        copies.push((CacheKey::Stock(*id), stock(n)));
    }
    let (_, nothing) = link.cart(cart.id, None).await.unwrap();
    assert!(nothing.len() == Cart::MAX_LINES && nothing.values().all(|copies| *copies == (None, None)));

    link.put(&copies).await.unwrap();
    link.invalidate(&[(CacheKey::Product(there[3]), 900), (CacheKey::Stock(there[5]), 9000)]).await.unwrap();
    let (cart, known) = link.cart(cart.id, None).await.unwrap();
    assert_eq!((cart.lines.len(), known.len()), (Cart::MAX_LINES, Cart::MAX_LINES));
    for (n, id) in there.iter().enumerate() {
        let expected = ((n != 3).then(|| product(n)), (n != 5).then(|| stock(n)));
        assert_eq!(known[id], expected, "the {n}th; a mark that a copy is old is none");
    }
}
