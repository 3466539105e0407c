use crate::harness::{Shop, send};
use reqwest::Method;
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};

#[tokio::test]
async fn what_was_done_is_there_after_a_clean_stop_and_start() {
    let mut shop = Shop::open().await;
    let product = shop.manager().await.product("KEPT", 100, 5).await;
    let users = shop.banner["users"].clone();
    let stopped = Instant::now();
    assert!(shop.stop().success());
    assert!(stopped.elapsed() < Duration::from_secs(5), "stopping took {:?}", stopped.elapsed());
    shop.start_again();
    assert_eq!(shop.banner["users"], users);
    assert_eq!(shop.get(&format!("/api/v1/products/{product}")).await.expect(200)["available"], 5);
    shop.manager().await;
}

#[tokio::test]
async fn a_second_process_cannot_take_the_folder() {
    let shop = Shop::open().await;
    let second = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(["--http-port", "0", "--ws-port", "0", "--data"])
        .arg(shop.folder())
        .env_remove("SOUK_STORE_URL")
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use by another souk"));
}

#[tokio::test]
async fn a_reset_starts_anew() {
    let mut shop = Shop::open_embedded().await;
    let product = shop.manager().await.product("RESET", 100, 5).await;
    shop.stop();
    let reset = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(["--http-port", "0", "--ws-port", "0", "--reset", "--catalog", "/nowhere.csv", "--data"])
        .arg(shop.folder())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&reset.stderr).contains("/nowhere.csv"));
    shop.start_again();
    assert_eq!(shop.get(&format!("/api/v1/products/{product}")).await.failure(), (404, "not_found"));
}

#[tokio::test]
async fn the_page_to_try_the_api_is_served_whole() {
    let shop = Shop::open().await;
    let page = send(shop.request(Method::GET, "/")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("swagger-ui"));
    for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        let part = send(shop.request(Method::GET, &format!("/docs/{file}"))).await;
        assert_eq!(part.status, 200, "{file}");
        assert!(!part.text.contains("cdn."), "{file} needs another server");
    }
}

#[tokio::test]
async fn ready_tells_how_each_part_is_and_how_fast_it_answers() {
    let shop = Shop::open().await;
    assert_eq!(shop.get("/api/v1/health").await.expect(200), &json!({ "status": "ok" }));
    let ready = shop.get("/api/v1/ready").await.expect(200).clone();
    assert_eq!(ready["status"], "ok");
    for part in ["store", "redis", "connections"] {
        assert_eq!(ready[part]["status"], "ok", "{part}");
        assert!(ready[part]["latencyMs"].as_f64().unwrap() > 0.0, "{part}");
    }
}
