//! Cached product reads against a raw Redis GET of a document of the same size.

use super::shop::Running;
use super::{PRODUCTS, median};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use redis::AsyncCommands;
use reqwest::Method;
use souk_catalog::{Catalog, get_product};
use souk_lambda::{Access, Announcer, Copies, Door, Ports, TokenKeys};
use souk_redis::RedisLink;
use souk_sqlite::SqliteStore;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt;

const READS: usize = 5000;
const ROUNDS: usize = 5;

pub(super) async fn measure(shop: &Running) -> Result<()> {
    let url = shop.address("redis")?;
    let client = redis::Client::open(url)?;
    let mut raw = client.get_multiplexed_async_connection().await?;
    // Every product is read once, so that all are in the cache.
    let mut size = 0;
    for n in 0..PRODUCTS {
        size = read_over_http(shop, n).await?;
    }
    let _: () = raw.set("bench:document", "x".repeat(size)).await?;
    let folder = tempfile::tempdir()?;
    let function = function(url, folder.path())?;
    let (mut gets, mut calls, mut https) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        gets.push(micros(|_| get(raw.clone())).await?);
        calls.push(micros(|n| read_through(function.clone(), shop.product(n % PRODUCTS))).await?);
        https.push(micros(|n| async move { read_over_http(shop, n % PRODUCTS).await.map(drop) }).await?);
    }
    let (get, call, http) = (median(gets), median(calls), median(https));
    println!("reads       one after the other, {size} bytes each");
    println!("  GET       {get:.0} µs, raw Redis");
    println!("  function  {call:.0} µs, get-product from the cache; ratio {:.2} (at most 3.00 wanted)", call / get);
    println!("  HTTP      {http:.0} µs, the same through the HTTP server; ratio {:.2}", http / get);
    Ok(())
}

/// Microseconds a call.
async fn micros<F: Future<Output = Result<()>>>(call: impl Fn(usize) -> F) -> Result<f64> {
    let started = Instant::now();
    for n in 0..READS {
        call(n).await?;
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / READS as f64)
}

async fn get(mut connection: redis::aio::MultiplexedConnection) -> Result<()> {
    let document: String = connection.get("bench:document").await?;
    anyhow::ensure!(!document.is_empty(), "the document is gone");
    Ok(())
}

async fn read_over_http(shop: &Running, n: usize) -> Result<usize> {
    let request = shop.guest.request(Method::GET, &format!("/api/v1/products/{}", shop.product(n)));
    let response = request.send().await?.error_for_status()?;
    Ok(response.bytes().await?.len())
}

/// The function as Lambda runs it, on the shop's Redis and an empty store: only what is cached can be read.
fn function(redis: &str, folder: &std::path::Path) -> Result<Router> {
    let redis = Arc::new(RedisLink::new(redis)?);
    let store = Arc::new(SqliteStore::open(&folder.join("empty.db"))?);
    let announcer = Announcer::new(redis.clone(), redis.clone(), store.clone());
    let access = Access { keys: TokenKeys::new(&public_key()?)?, door: Door::new(redis.clone(), 1) };
    let copies = Copies::new(redis.clone());
    let payment_window = chrono::Duration::minutes(30);
    let ports = Ports { store, copies, sessions: redis.clone(), carts: redis, announcer, access, payment_window };
    let (router, _) = get_product::router().with_state(Catalog::from(ports)).split_for_parts();
    Ok(souk_lambda::wrap(router))
}

/// Any key will do: the function reads no token.
fn public_key() -> Result<String> {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    let pair = Ed25519KeyPair::generate().context("no key")?;
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().context("no DER")?;
    Ok(pem::encode(&pem::Pem::new("PUBLIC KEY", der.as_ref())))
}

async fn read_through(function: Router, product: String) -> Result<()> {
    let request = Request::get(format!("/api/v1/products/{product}")).body(Body::empty())?;
    let response = function.oneshot(request).await?;
    anyhow::ensure!(response.status().is_success(), "not in the cache");
    axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    Ok(())
}
