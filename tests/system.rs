use crate::harness::{Browser, Shop, eventually, send};
use reqwest::Method;
use serde_json::json;
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_was_done_is_there_after_a_clean_stop_and_start() {
    let mut shop = Shop::open().await;
    let product = shop.manager().await.product("KEPT", 100, 5).await;
    let users = shop.banner["users"].clone();
    // Redis writes to the disk once a second, and at its end.
    let cart = shop.post("/api/v1/carts", json!({})).await.header("location").unwrap().to_owned();
    shop.post(&format!("{cart}/lines"), json!({ "productId": product, "quantity": 2 })).await.expect(200);
    assert!(shop.stop().success());
    assert!(!shop.log().contains("their time was up"), "{}", shop.log());
    shop.start_again();
    assert_eq!(shop.banner["users"], users);
    assert_eq!(shop.get(&format!("/api/v1/products/{product}")).await.expect(200)["available"], 5);
    assert_eq!(shop.get(&cart).await.expect(200)["lines"][0]["quantity"], 2);
    shop.manager().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_being_answered_when_the_shop_is_told_to_stop_gets_the_answer() {
    let mut shop = Shop::open().await;
    let address = shop.url().trim_start_matches("http://").to_owned();
    let body = json!({ "email": "nobody@example.com", "password": "whatever it may be" }).to_string();
    let mut asking = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    asking.write_all(head.as_bytes()).await.unwrap();
    // The function is at work: it wants the body.
    let mut told = [0; 256];
    let length = asking.read(&mut told).await.unwrap();
    assert!(told[..length].starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&told[..length]));
    let stopping = tokio::task::spawn_blocking(move || shop.stop());
    eventually("no new connection is taken", async || TcpStream::connect(&address).await.is_err()).await;
    // The parts must not go while somebody may need them: an embedded Redis that hears the signal itself is gone after 100 ms.
    tokio::time::sleep(Duration::from_millis(300)).await;
    asking.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    asking.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("invalid_credentials"), "{answer}");
    assert!(stopping.await.unwrap().success());
}

#[tokio::test]
async fn who_listens_is_told_that_the_shop_stops() {
    let mut shop = Shop::open().await;
    let mut browser = Browser::guest(&shop).await;
    assert!(shop.stop().success());
    assert_eq!(browser.close_code().await, Some(1001));
}

#[tokio::test]
async fn a_second_process_cannot_take_the_folder() {
    let shop = Shop::open().await;
    let second = Command::new(env!("CARGO_BIN_EXE_souk"))
        .args(["--http-port", "0", "--ws-port", "0", "--sandbox-port", "0", "--data"])
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
        .args([
            "--http-port",
            "0",
            "--ws-port",
            "0",
            "--sandbox-port",
            "0",
            "--reset",
            "--catalog",
            "/nowhere.csv",
            "--data",
        ])
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
