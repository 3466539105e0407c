//! A cart that became an order and was not closed: its process died in between, or Redis went away.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use crate::cost::{ports, redis};
use crate::{Carts, check_out_cart, open_cart};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use souk_domain::ports::{CartCopies, Carts as _, Customers, Inventory, Products};
use souk_domain::realtime::Identity;
use souk_domain::{
    Adjustment, Cart, CartChange, CartId, CartLine, Cause, Change, Claim, CustomerId, Email, Error, ImportOutcome,
    ImportRow, Money, NewCustomer, OrderId, PersonName, ProductId, Quantity, Reason, Result, Role, SessionId,
};
use souk_lambda::{Bearer, MaybeCaller};
use souk_redis::RedisLink;
use souk_sqlite::SqliteStore;
use std::sync::Arc;
use tower::ServiceExt;

/// The carts as a process uses them that never comes to closing one.
struct NeverClosed(Arc<RedisLink>);

#[async_trait]
impl souk_domain::ports::Carts for NeverClosed {
    async fn open_cart(&self, owner: Option<CustomerId>, from: Option<CartId>) -> Result<Cart> {
        self.0.open_cart(owner, from).await
    }
    async fn cart(&self, id: CartId, caller: Option<CustomerId>) -> Result<(Cart, CartCopies)> {
        self.0.cart(id, caller).await
    }
    async fn change_cart(
        &self,
        id: CartId,
        caller: Option<CustomerId>,
        change: CartChange,
        claim: Option<&Claim>,
    ) -> Result<bool> {
        self.0.change_cart(id, caller, change, claim).await
    }
    async fn close_cart(&self, _: CartId, _: OrderId) -> Result<()> {
        Err(Error::Unavailable("away".to_owned()))
    }
    async fn leave_cart(&self, id: CartId, owner: CustomerId) -> Result<()> {
        self.0.leave_cart(id, owner).await
    }
}

fn price() -> Money {
    Money::new(100, "GBP".parse().unwrap()).unwrap()
}

/// A customer, and a product of which there is plenty.
async fn shop(store: &SqliteStore) -> (CustomerId, ProductId) {
    let cause = Cause::internal("test");
    let (email, name) = (Email::parse("ada@example.com").unwrap(), PersonName::parse("Ada").unwrap());
    let new = NewCustomer { email, name, role: Role::Customer, password_hash: "none".to_owned().into() };
    let customer = store.register_customer(new, &cause).await.unwrap().value.id;
    let row = ImportRow {
        sku: "S1".parse().unwrap(),
        name: "Product".parse().unwrap(),
        description: None,
        category: "All".parse().unwrap(),
        price: price(),
        weight_grams: None,
    };
    let made = store.import_products(vec![row], &cause).await.unwrap().value;
    let [ImportOutcome::Created(product_id)] = made[..] else { panic!("{made:?}") };
    let reason = Reason::parse("delivery").unwrap();
    let adjustment = Adjustment { product_id, change: Change::To(100), reason, actor: customer };
    store.adjust_stock(adjustment, None, &cause).await.unwrap();
    (customer, product_id)
}

/// What somebody who is logged in gets as an answer.
async fn post(functions: &Router, id: CustomerId, path: &str, body: Value) -> (StatusCode, Value) {
    let identity = Identity { id, role: Role::Customer };
    let caller = MaybeCaller(Some(Bearer { identity, session: SessionId::new(), must_enrol: false }));
    let request = Request::post(path).header("Content-Type", "application/json").extension(caller);
    let response = functions.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_whose_cart_was_ordered_and_not_closed_gets_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let redis = Arc::new(RedisLink::new(&format!("redis://{}", redis(folder.path()).await)).unwrap());
    let store = SqliteStore::open(&folder.path().join("souk.db")).unwrap();
    let state = Carts { carts: Arc::new(NeverClosed(redis.clone())), ..Carts::from(ports(&store, &redis)) };
    let (functions, _) = check_out_cart::router().merge(open_cart::router()).with_state(state).split_for_parts();
    let functions = souk_lambda::wrap(functions);
    let (customer, product_id) = shop(&store).await;
    let own = async || {
        let (status, answer) = post(&functions, customer, "/api/v1/carts", json!({})).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["data"]["id"].as_str().unwrap().parse::<CartId>().unwrap()
    };
    let cart = own().await;
    let add = async |pieces: u32| {
        let quantity = Quantity::new(pieces).unwrap();
        let line = CartLine { product_id, quantity, price_when_added: price() };
        redis.change_cart(cart, Some(customer), CartChange::Add(line), None).await.unwrap();
    };
    let path = format!("/api/v1/carts/{cart}/checkout");
    let check_out = async |pieces: u32| {
        let line = json!({ "productId": product_id, "quantity": pieces, "unitPrice": price() });
        post(&functions, customer, &path, json!({ "lines": [line] })).await
    };

    add(2).await;
    let (status, order) = check_out(2).await;
    assert_eq!(status, StatusCode::CREATED, "{order}");
    // The same wish finds its order, and nobody knows that the cart is one.
    assert_eq!(check_out(2).await.1["data"]["id"], order["data"]["id"]);
    assert_eq!(own().await, cart);
    add(1).await;
    let (status, refused) = check_out(3).await;
    assert_eq!((status, &refused["errors"][0]["code"]), (StatusCode::CONFLICT, &json!("cart_ordered")));

    assert_ne!(own().await, cart);
    let (left, _) = redis.cart(cart, Some(customer)).await.unwrap();
    assert_eq!((left.order_id, left.lines[0].quantity.get()), (None, 3), "what was put aside can be read");
}
