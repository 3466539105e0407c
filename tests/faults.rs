use crate::harness::{Browser, Proxy, Shop, eventually};
use futures::future::join_all;
use serde_json::json;
use souk_local::Tasks;
use std::time::Duration;
use tempfile::TempDir;

/// A shop whose Redis stands behind a proxy.
async fn shop_behind_proxy() -> (Shop, Proxy, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let redis = souk_local::start_redis(folder.path(), &Tasks::default()).await.unwrap();
    let proxy = Proxy::start(redis.trim_start_matches("redis://")).await;
    let shop = Shop::open_with(&["--redis-url", &format!("redis://{}", proxy.address)]).await;
    (shop, proxy, folder)
}

#[tokio::test]
async fn without_redis_reads_and_orders_go_on_and_events_arrive_once_it_is_back() {
    let (shop, proxy, _folder) = shop_behind_proxy().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("FAULT", 100, 10).await;
    let path = format!("/api/v1/products/{product}");
    assert_eq!(shop.get(&path).await.expect(200)["available"], 10);
    let mut browser = Browser::logged_in(&shop, &customer.token).await;
    browser.subscribe(&format!("customer/{}", customer.id)).await;

    proxy.cut();
    let lines = [(product.as_str(), 1)];
    let orders = join_all((0..5).map(|_| customer.order(&lines))).await;
    for order in &orders {
        order.expect(201);
    }
    assert_eq!(shop.get(&path).await.expect(200)["available"], 5);
    let ready = shop.get("/api/v1/ready").await.expect(200).clone();
    assert_eq!([&ready["status"], &ready["redis"]["status"], &ready["store"]["status"]], ["degraded", "down", "ok"]);
    assert_eq!(shop.get("/api/v1/health").await.expect(200)["status"], "ok");
    let is_told = |message: &serde_json::Value| message["type"] == "OrderStatusChanged";
    assert!(browser.hears_none_for(Duration::from_millis(200), is_told).await);

    proxy.restore();
    let mut told: Vec<String> = Vec::new();
    while told.len() < orders.len() {
        let id = browser.hear_of("OrderStatusChanged").await["data"]["orderId"].as_str().unwrap().to_owned();
        if !told.contains(&id) {
            told.push(id);
        }
    }
    assert!(orders.iter().all(|order| told.iter().any(|id| order.data["id"] == json!(id))));
    eventually("the breaker closes", async || shop.get("/api/v1/ready").await.expect(200)["status"] == "ok").await;
}

#[tokio::test]
async fn an_event_of_a_process_that_died_between_commit_and_publish_arrives_after_the_restart() {
    let (mut shop, proxy, _folder) = shop_behind_proxy().await;
    let product = shop.manager().await.product("KILLED", 100, 10).await;
    let path = format!("/api/v1/products/{product}/stock");
    // A copy goes into the cache, where only the event of the order can make it vanish.
    assert_eq!(shop.get(&path).await.expect(200)["reserved"], 0);

    let customer = shop.customer().await;
    // Redis does not answer, so the order is committed and cannot be published.
    proxy.cut();
    customer.order(&[(&product, 3)]).await.expect(201);
    shop.kill();
    proxy.restore();
    shop.start_again();
    eventually("the relayed event reaches the cache", async || shop.get(&path).await.expect(200)["reserved"] == 3)
        .await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_and_stock_is_still_the_ledger() {
    let mut shop = Shop::open().await;
    let product = shop.manager().await.product("SURVIVES", 100, 1000).await;
    for round in 0..3 {
        let customer = shop.customer().await;
        let (request, token) = (customer.request(reqwest::Method::POST, "/api/v1/orders"), customer.token.clone());
        let body = json!({ "lines": [{ "productId": product, "quantity": 1 }] });
        let orders = tokio::spawn(async move {
            let mut accepted = 0;
            while let Ok(answer) = request.try_clone().unwrap().json(&body).send().await {
                assert_eq!(answer.status(), 201);
                accepted += 1;
            }
            accepted
        });
        tokio::time::sleep(Duration::from_millis(150 + 70 * round)).await;
        shop.kill();
        let accepted: usize = orders.await.unwrap();
        shop.start_again();
        let mut kept = 0;
        let mut path = "/api/v1/orders?limit=100".to_owned();
        loop {
            let page = crate::harness::send(shop.request(reqwest::Method::GET, &path).bearer_auth(&token)).await;
            kept += page.expect(200).as_array().unwrap().len();
            match page.metadata["nextCursor"].as_str() {
                Some(next) => path = format!("/api/v1/orders?limit=100&cursor={next}"),
                None => break,
            }
        }
        // One more may have been committed whose answer the kill swallowed.
        assert!(kept == accepted || kept == accepted + 1, "{accepted} were accepted, {kept} are there");
    }
    let manager = shop.manager().await;
    let path = format!("/api/v1/products/{product}/stock");
    let (mut sum, mut url) = (0, format!("{path}/movements?limit=100"));
    loop {
        let page = manager.get(&url).await;
        sum += page.expect(200).as_array().unwrap().iter().map(|m| m["reservedChange"].as_i64().unwrap()).sum::<i64>();
        match page.metadata["nextCursor"].as_str() {
            Some(next) => url = format!("{path}/movements?limit=100&cursor={next}"),
            None => break,
        }
    }
    eventually("the stock agrees with the ledger", async || shop.get(&path).await.expect(200)["reserved"] == sum).await;
}

#[tokio::test]
async fn events_in_flight_at_a_kill_reach_the_browsers_of_the_next_run() {
    let mut shop = Shop::open().await;
    let product = shop.manager().await.product("FLIGHT", 100, 100).await;
    let path = format!("/api/v1/products/{product}/stock");
    for round in 1..=3 {
        shop.get(&path).await.expect(200);
        shop.customer().await.order(&[(&product, 1)]).await.expect(201);
        shop.kill();
        shop.start_again();
        eventually("the level", async || shop.get(&path).await.expect(200)["reserved"] == round).await;
    }
}
