//! What stands on the way of every request costs one round trip, and no more.

use crate::cache::copy;
use crate::carts::{add, line, open, products};
use crate::server::{CountingProxy, Server};
use souk_domain::ports::{Cache, CacheKey, Carts, Gate, Sessions};
use souk_domain::{Cart, CartChange, Claim, CustomerId, Meter, Rate, Role, Session, SessionId, SessionLife, TokenHash};

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_full_cart_with_all_its_copies_is_one_round_trip() {
    let server = Server::shared();
    let proxy = CountingProxy::before(&server);
    let carts = proxy.link();
    let cart = open(&carts, None).await;
    let document = "x".repeat(1000);
    for product in products::<{ Cart::MAX_LINES }>() {
        add(&carts, &cart, product, 1).await.unwrap();
        let both = [CacheKey::Product(product), CacheKey::Stock(product)].map(|key| (key, copy(1, &document)));
        carts.put(&both).await.unwrap();
    }
    proxy.take();
    for _ in 0..3 {
        let (cart, known) = carts.cart(cart.id, None).await.unwrap();
        assert_eq!(cart.lines.len(), Cart::MAX_LINES);
        assert!(known.values().all(|(product, stock)| product.is_some() && stock.is_some()));
        assert_eq!(proxy.take(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_cart_is_one_round_trip() {
    let server = Server::shared();
    let proxy = CountingProxy::before(&server);
    let carts = proxy.link();
    let cart = open(&carts, None).await;
    let [a, b] = products();
    let claim = Claim { scope: "guest".to_owned(), key: "key".to_owned(), fingerprint: [1; 32] };
    proxy.take();
    for (change, claim) in [
        (CartChange::Add(line(a, 1)), Some(&claim)),
        (CartChange::Add(line(a, 1)), Some(&claim)),
        (CartChange::Add(line(b, 1)), None),
        (CartChange::Remove(a), None),
    ] {
        carts.change_cart(cart.id, None, change, claim).await.unwrap();
        assert_eq!(proxy.take(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_hundreds_of_sessions_is_one_round_trip() {
    let server = Server::shared();
    let proxy = CountingProxy::before(&server);
    // As many as one command asks about. Of a pipeline, the server may answer the first part while the last one is being sent, which
    // the proxy takes for two turns.
    let (gate, sessions) = (proxy.link(), Vec::from_iter((0..500).map(|_| (CustomerId::new(), SessionId::new()))));
    gate.ended(&sessions).await.unwrap();
    proxy.take();
    for _ in 0..3 {
        gate.ended(&sessions).await.unwrap();
        assert_eq!(proxy.take(), 1);
    }
    gate.ended(&[]).await.unwrap();
    assert_eq!(proxy.take(), 0, "nobody is asked about nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_with_a_session_and_several_meters_is_one_round_trip() {
    let server = Server::shared();
    let proxy = CountingProxy::before(&server);
    let (gate, session) = (proxy.link(), Some((CustomerId::new(), SessionId::new())));
    let meters = Rate::ALL.map(|rate| Meter { rate, whom: SessionId::new().to_string() });
    gate.admit(session, &meters, souk_domain::now()).await.unwrap();
    proxy.take();
    for _ in 0..10 {
        gate.admit(session, &meters, souk_domain::now()).await.unwrap();
        assert_eq!(proxy.take(), 1, "let in or refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_goes_on_and_ends_with_one_round_trip_each() {
    let server = Server::shared();
    let proxy = CountingProxy::before(&server);
    let (sessions, id, now) = (proxy.link(), SessionId::new(), souk_domain::now());
    let (life, token) = (SessionLife::of(Role::Customer), |n| TokenHash([n; 32]));
    let (customer_id, user_agent) = (CustomerId::new(), "tests".to_owned());
    let session = Session { id, customer_id, started_at: id.started_at(), last_used_at: now, user_agent };
    sessions.ping().await.unwrap();
    proxy.take();
    sessions.start(&session, token(1), life).await.unwrap();
    assert_eq!(proxy.take(), 1);
    sessions.refresh(id, token(1), ([2; 16], token(2)), life, now).await.unwrap();
    assert_eq!(proxy.take(), 1);
    sessions.session(id).await.unwrap();
    assert_eq!(proxy.take(), 1);
    sessions.end(customer_id, id).await.unwrap();
    assert_eq!(proxy.take(), 1);
}
