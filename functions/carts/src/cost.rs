//! What a read of a cart costs, counted on the wire: one round trip to Redis, and one query of the store at most, whatever is in it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

use crate::{Carts, get_cart};
use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use pem::Pem;
use souk_domain::ports::{CacheKey, Carts as _, Products};
use souk_domain::{
    CartChange, CartId, CartLine, Cause, Committed, ImportOutcome, ImportRow, Money, Product, ProductFields, ProductId,
    ProductList, ProductQuery, Quantity, Result, Sku, StockLevel, Version,
};
use souk_lambda::{Access, Announcer, Copies, Door, Ports, TokenKeys};
use souk_redis::RedisLink;
use souk_sqlite::SqliteStore;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

const LINES: usize = 200;

/// A server in this process.
pub(crate) async fn redis(folder: &std::path::Path) -> String {
    let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let folder = folder.to_owned();
    std::thread::spawn(move || kevy::serve(Ipv4Addr::LOCALHOST.octets(), port, 1, folder, false));
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    format!("127.0.0.1:{port}")
}

/// A proxy that counts how often the client speaks after it has heard an answer.
async fn counting_proxy(target: String, turns: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let (turns, mut server) = (turns.clone(), TcpStream::connect(&target).await.unwrap());
            tokio::spawn(async move {
                let (mut asked, mut answered, mut is_asking) = (vec![0; 1 << 16], vec![0; 1 << 16], false);
                loop {
                    let (bytes, to) = tokio::select! {
                        read = client.read(&mut asked) => {
                            if !is_asking {
                                turns.fetch_add(1, Ordering::SeqCst);
                            }
                            is_asking = true;
                            (&asked[..read.unwrap_or(0)], &mut server)
                        }
                        read = server.read(&mut answered) => {
                            is_asking = false;
                            (&answered[..read.unwrap_or(0)], &mut client)
                        }
                    };
                    if bytes.is_empty() || to.write_all(bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("redis://{address}")
}

/// The real products, counting what is asked.
struct Counted {
    store: SqliteStore,
    queries: AtomicUsize,
}

impl Counted {
    fn count(&self) -> &SqliteStore {
        self.queries.fetch_add(1, Ordering::SeqCst);
        &self.store
    }
}

#[async_trait]
impl Products for Counted {
    async fn create_product(&self, sku: Sku, fields: ProductFields, cause: &Cause) -> Result<Committed<Product>> {
        self.count().create_product(sku, fields, cause).await
    }
    async fn update_product(
        &self,
        id: ProductId,
        expected: Option<Version>,
        fields: ProductFields,
        cause: &Cause,
    ) -> Result<Committed<Product>> {
        self.count().update_product(id, expected, fields, cause).await
    }
    async fn discontinue_product(&self, id: ProductId, cause: &Cause) -> Result<Committed<Product>> {
        self.count().discontinue_product(id, cause).await
    }
    async fn product(&self, id: ProductId) -> Result<(Product, StockLevel)> {
        self.count().product(id).await
    }
    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<(Product, StockLevel)>> {
        self.count().products_by_id(ids).await
    }
    async fn products(&self, query: ProductQuery) -> Result<ProductList> {
        self.count().products(query).await
    }
    async fn import_products(&self, rows: Vec<ImportRow>, cause: &Cause) -> Result<Committed<Vec<ImportOutcome>>> {
        self.count().import_products(rows, cause).await
    }
}

fn access(redis: Arc<RedisLink>) -> Access {
    let pair = Ed25519KeyPair::generate().unwrap();
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let pem = pem::encode(&Pem::new("PUBLIC KEY", der.as_ref()));
    Access { keys: TokenKeys::new(&pem).unwrap(), door: Door::new(redis, 1) }
}

/// The ports on a store and a Redis.
pub(crate) fn ports(store: &SqliteStore, redis: &Arc<RedisLink>) -> Ports {
    Ports {
        store: Arc::new(store.clone()),
        copies: Copies::new(redis.clone()),
        sessions: redis.clone(),
        carts: redis.clone(),
        announcer: Announcer::new(redis.clone(), redis.clone(), Arc::new(store.clone())),
        access: access(redis.clone()),
        payment_window: chrono::Duration::minutes(30),
    }
}

async fn lines_of(function: &Router, id: CartId) -> usize {
    let request = Request::get(format!("/api/v1/carts/{id}")).body(Body::empty()).unwrap();
    let response = function.clone().oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    body["data"]["lines"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_of_200_lines_is_read_in_one_round_trip_and_one_query_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let url = counting_proxy(redis(folder.path()).await, turns.clone()).await;
    let redis = Arc::new(RedisLink::new(&url).unwrap());
    let store = SqliteStore::open(&folder.path().join("souk.db")).unwrap();
    let price = Money::new(100, "GBP".parse().unwrap()).unwrap();
    let row = |n: usize| ImportRow {
        sku: format!("S{n}").parse().unwrap(),
        name: format!("Product {n}").parse().unwrap(),
        description: None,
        category: "All".parse().unwrap(),
        price: price.clone(),
        weight_grams: None,
    };
    let made = store.import_products((0..LINES).map(row).collect(), &Cause::internal("test")).await.unwrap().value;
    let ids: Vec<ProductId> = made
        .into_iter()
        .map(|outcome| if let ImportOutcome::Created(id) = outcome { id } else { panic!("{outcome:?}") })
        .collect();
    let cart = redis.open_cart(None, None).await.unwrap().id;
    for product_id in &ids {
        let (product_id, quantity) = (*product_id, Quantity::new(2).unwrap());
        let line = CartLine { product_id, quantity, price_when_added: price.clone() };
        redis.change_cart(cart, None, CartChange::Add(line), None).await.unwrap();
    }

    let counted = Arc::new(Counted { store: store.clone(), queries: AtomicUsize::new(0) });
    let state = Carts { products: counted.clone(), ..Carts::from(ports(&store, &redis)) };
    let (function, _) = get_cart::router().with_state(state).split_for_parts();
    let cost = async || {
        let (turns_before, queries_before) = (turns.load(Ordering::SeqCst), counted.queries.load(Ordering::SeqCst));
        assert_eq!(lines_of(&function, cart).await, LINES);
        let queries = counted.queries.load(Ordering::SeqCst) - queries_before;
        (turns.load(Ordering::SeqCst) - turns_before, queries)
    };
    // The server learns the script with the first read.
    assert_eq!(lines_of(&function, cart).await, LINES);
    assert_eq!(cost().await, (1, 1), "nothing is cached");
    let products = store.products_by_id(&ids).await.unwrap();
    let copies = products.iter().flat_map(|(product, stock)| {
        let product_copy = Copies::copy(CacheKey::Product(product.id), product.version, product);
        [product_copy, Copies::copy(CacheKey::Stock(product.id), stock.version, stock)]
    });
    let copies: Vec<_> = copies.collect();
    Copies::new(redis.clone()).keep(&copies[..LINES]).await;
    assert_eq!(cost().await, (1, 1), "half is cached");
    Copies::new(redis.clone()).keep(&copies).await;
    assert_eq!(cost().await, (1, 0), "everything is cached");
}
