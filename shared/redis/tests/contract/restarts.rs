//! What outlives a server that is killed and started again.

use crate::cache::copy;
use crate::carts::{add, code, line, look, open, pieces, products};
use crate::dead_letters::{all, bury};
use crate::server::Server;
use crate::streams::{AT_ONCE, event, group, ids, versions};
use souk_domain::ports::{Cache, CacheKey, Carts, DeadLetters, EventPublisher, EventStream, Gate, Sessions};
use souk_domain::{
    CartChange, Claim, CustomerId, OrderId, ProductId, Quantity, Refreshed, Role, Session, SessionId, SessionLife,
    TokenHash,
};

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_that_they_ended_outlive_the_server() {
    let mut server = Server::start_lasting();
    let (sessions, customer, now) = (server.link(), CustomerId::new(), souk_domain::now());
    let (life, token) = (SessionLife::of(Role::Customer), |n| TokenHash([n; 32]));
    let [going_on, ended, stolen] = [(); 3].map(|()| SessionId::new());
    for id in [going_on, ended, stolen] {
        let user_agent = "tests".to_owned();
        let session = Session { id, customer_id: customer, started_at: id.started_at(), last_used_at: now, user_agent };
        sessions.start(&session, token(1), life).await.unwrap();
    }
    let replaced = Refreshed::Replaced { salt: [2; 16] };
    assert_eq!(sessions.refresh(going_on, token(1), ([2; 16], token(2)), life, now).await.unwrap(), replaced);
    assert!(sessions.end(customer, ended).await.unwrap());
    let reused = sessions.refresh(stolen, token(9), ([2; 16], token(2)), life, now).await.unwrap();
    assert_eq!(reused, Refreshed::Reused);

    server.restart();
    let sessions = server.link();
    let known = sessions.sessions(customer).await.unwrap();
    assert_eq!(known.iter().map(|session| session.id).collect::<Vec<_>>(), [going_on]);
    let replaced = Refreshed::Replaced { salt: [3; 16] };
    assert_eq!(sessions.refresh(going_on, token(2), ([3; 16], token(3)), life, now).await.unwrap(), replaced);
    for (id, is_over) in [(going_on, false), (ended, true), (stolen, true)] {
        assert_eq!(sessions.admit(Some((customer, id)), &[], now).await.unwrap().is_ended, is_over);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_and_claims_outlive_the_server() {
    let mut server = Server::start_lasting();
    let (carts, customer, order) = (server.link(), CustomerId::new(), OrderId::new());
    let [a, b, c] = products();
    let cart = open(&carts, Some(customer)).await;
    let claim = Claim { scope: "customer".to_owned(), key: "key".to_owned(), fingerprint: [1; 32] };
    carts.change_cart(cart.id, cart.owner, CartChange::Add(line(a, 1)), Some(&claim)).await.unwrap();
    add(&carts, &cart, b, 2).await.unwrap();
    let set = CartChange::Set { product_id: a, quantity: Quantity::new(7).unwrap() };
    carts.change_cart(cart.id, cart.owner, set, None).await.unwrap();
    let (guest, closed) = (open(&carts, None).await, open(&carts, None).await);
    add(&carts, &guest, c, 3).await.unwrap();
    let merged = carts.open_cart(cart.owner, Some(guest.id)).await.unwrap();
    carts.close_cart(closed.id, order).await.unwrap();

    server.restart();
    let carts = server.link();
    assert_eq!(pieces(&merged), [(a, 7), (b, 2), (c, 3)]);
    assert_eq!(open(&carts, Some(customer)).await, merged);
    assert!(carts.change_cart(cart.id, cart.owner, CartChange::Add(line(a, 1)), Some(&claim)).await.unwrap());
    assert_eq!(code(carts.cart(guest.id, None).await), "no cart");
    assert_eq!(look(&carts, &closed).await.order_id, Some(order));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_old_before_a_restart_does_not_come_back() {
    let mut server = Server::start_lasting();
    let (kept, old) = (CacheKey::Product(ProductId::new()), CacheKey::Product(ProductId::new()));
    server.link().put(&[(kept, copy(1, "one")), (old, copy(1, "one"))]).await.unwrap();
    server.link().invalidate(&[(old, 2)]).await.unwrap();
    server.restart();
    assert_eq!(server.link().get(&[kept, old]).await.unwrap(), [Some(copy(1, "one")), None]);
    server.link().put(&[(old, copy(1, "a slow reader's"))]).await.unwrap();
    assert_eq!(server.link().get(&[old]).await.unwrap(), [None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_unread_or_in_a_readers_hand_outlive_the_server() {
    let mut server = Server::start_lasting();
    let group = group("restarts", "r");
    let stream = server.stream();
    stream.ensure_group(&group).await.unwrap();
    server.link().publish(&[event(1), event(2), event(3)]).await.unwrap();
    let read = stream.read(&group, 2, AT_ONCE).await.unwrap();
    stream.acknowledge(&group, &ids(&read[..1])).await.unwrap();
    server.restart();
    let stream = server.stream();
    let held = stream.left_behind(&group, 10).await.unwrap();
    assert_eq!((ids(&held), versions(&held)), (ids(&read[1..]), vec![2]));
    assert_eq!(versions(&stream.read(&group, 10, AT_ONCE).await.unwrap()), [3]);
    server.link().publish(&[event(4)]).await.unwrap();
    assert_eq!(versions(&stream.read(&group, 10, AT_ONCE).await.unwrap()), [4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_and_what_became_of_them_outlive_the_server() {
    let mut server = Server::start_lasting();
    bury(&server, "fails", 3).await;
    let [first, second, third] = all(&server, "fails").await.try_into().unwrap();
    server.link().failed_again("fails", second.id, "again").await.unwrap();
    server.link().discard("fails", third.id).await.unwrap();
    server.restart();
    let [kept, raised] = all(&server, "fails").await.try_into().unwrap();
    assert_eq!(kept, first);
    assert_eq!((raised.id, raised.entry.deliveries, raised.error.as_str()), (second.id, 2, "again"));
}
