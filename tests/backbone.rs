//! The delivery of events: what fails for good, what waits, and how it comes back.

use crate::harness::{Person, Shop, eventually};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const LETTERS: &str = "/api/v1/dead-letters?function=send-mail";
const REDRIVE: &str = "/api/v1/dead-letters/send-mail/redrive";

/// A shop that tries again at once.
async fn impatient_shop() -> Shop {
    Shop::open_with(&["--retry-pause-ms", "1"]).await
}

/// The first line of what Redis answers, past the shop.
async fn redis(shop: &Shop, words: &[&str]) -> String {
    let address = shop.banner["redis"].as_str().unwrap().trim_start_matches("redis://");
    let told: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    let mut redis = TcpStream::connect(address).await.unwrap();
    redis.write_all(format!("*{}\r\n{told}", words.len()).as_bytes()).await.unwrap();
    let (mut redis, mut line) = (BufReader::new(redis), String::new());
    redis.read_line(&mut line).await.unwrap();
    line.trim().to_owned()
}

/// Puts a text that is no event on the stream of mails.
async fn put_garbage(shop: &Shop, text: &str) {
    let answer = redis(shop, &["XADD", "souk:events:mail", "*", "event", text]).await;
    assert!(answer.starts_with('$'), "the id of the new entry: {answer}");
}

/// How many entries a stream holds.
async fn length(shop: &Shop, stream: &str) -> usize {
    redis(shop, &["XLEN", &format!("souk:events:{stream}")]).await.trim_start_matches(':').parse().unwrap()
}

/// The dead letters of `send-mail`, once there are so many.
async fn letters(staff: &Person<'_>, number: usize) -> Vec<Value> {
    let list = async || staff.get(LETTERS).await.expect(200).as_array().unwrap().clone();
    eventually("the dead letters", async || list().await.len() == number).await;
    list().await
}

fn path(letter: &Value) -> String {
    format!("/api/v1/dead-letters/send-mail/{}", letter["id"].as_str().unwrap())
}

/// How far `send-mail` is behind.
async fn consumer(staff: &Person<'_>) -> Value {
    let consumers = staff.get("/api/v1/consumers").await.expect(200).clone();
    consumers.as_array().unwrap().iter().find(|consumer| consumer["function"] == "send-mail").unwrap().clone()
}

/// No mail leaves the shop while there is a file where its folder should be.
struct BrokenMail {
    folder: PathBuf,
    away: PathBuf,
}

impl BrokenMail {
    /// Once all mail so far has left.
    async fn of(shop: &Shop, staff: &Person<'_>) -> Self {
        eventually("no mail waits", async || consumer(staff).await.get("oldestAgeMs").is_none()).await;
        let (folder, away) = (shop.folder().join("mail"), shop.folder().join("mail-away"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::rename(&folder, &away).unwrap();
        std::fs::write(&folder, "").unwrap();
        Self { folder, away }
    }

    fn mend(self) {
        std::fs::remove_file(&self.folder).unwrap();
        std::fs::rename(&self.away, &self.folder).unwrap();
    }
}

async fn register(shop: &Shop, email: &str) {
    let new = json!({ "email": email, "name": "Ada", "password": crate::harness::PASSWORD });
    shop.post("/api/v1/customers", new).await.expect(202);
}

#[tokio::test]
async fn an_event_that_nobody_can_handle_ends_as_a_dead_letter_while_its_neighbours_arrive() {
    let shop = impatient_shop().await;
    let admin = shop.admin().await;
    put_garbage(&shop, "garbage").await;
    // Their mail arrives.
    shop.customer().await;
    let [letter] = letters(&admin, 1).await.try_into().unwrap();
    assert_eq!(
        (&letter["function"], &letter["stream"], &letter["deliveries"]),
        (&json!("send-mail"), &json!("mail"), &json!(36))
    );
    assert!(letter["error"].as_str().unwrap().contains("reported"), "{letter}");
    assert!(letter["entryId"].is_string() && letter["at"].is_string() && letter["event"].is_null(), "{letter}");
    assert_eq!(admin.get(&path(&letter)).await.expect(200)["event"], "garbage");
    assert_eq!(consumer(&admin).await["deadLetters"], 1);

    for (deliveries, wish) in [(37, json!({})), (38, json!({ "id": letter["id"] }))] {
        let done = admin.post(REDRIVE, wish).await;
        assert_eq!(done.expect(200), &json!({ "redriven": 0, "failed": 1, "left": 1 }));
        assert_eq!(admin.get(&path(&letter)).await.expect(200)["deliveries"], deliveries);
    }

    for _ in 0..2 {
        admin.delete(&path(&letter)).await.expect(200);
        assert_eq!(admin.get(&path(&letter)).await.failure(), (404, "not_found"));
    }
    let done = admin.post(REDRIVE, json!({ "id": letter["id"] })).await;
    assert_eq!(done.expect(200), &json!({ "redriven": 0, "failed": 0, "left": 0 }));
    assert_eq!(letters(&admin, 0).await.len(), 0);
}

#[tokio::test]
async fn what_failed_while_mail_was_broken_arrives_when_it_is_redriven() {
    let shop = impatient_shop().await;
    let admin = shop.admin().await;
    let broken = BrokenMail::of(&shop, &admin).await;
    for email in ["one@example.com", "two@example.com"] {
        register(&shop, email).await;
    }
    let before = letters(&admin, 2).await;
    assert!(before.iter().all(|letter| letter["correlationId"].is_string()), "{before:?}");
    assert_eq!(admin.post(REDRIVE, json!({})).await.expect(200), &json!({ "redriven": 0, "failed": 2, "left": 2 }));
    broken.mend();
    assert_eq!(admin.post(REDRIVE, json!({})).await.expect(200), &json!({ "redriven": 2, "failed": 0, "left": 0 }));
    for email in ["one@example.com", "two@example.com"] {
        assert_eq!(shop.mails(email).await.len(), 1, "{email}");
    }
}

/// After this time a start does not publish an event again that was not the last one.
const PUBLISHED_FOR_GOOD: Duration = Duration::from_secs(6);

/// A shop where a mail to `lost@example.com` was given up and discarded, and others were sent before and long after.
async fn shop_that_lost_a_mail() -> Shop {
    let shop = impatient_shop().await;
    register(&shop, "before@example.com").await;
    shop.mailed_token("before@example.com", "verify").await;
    {
        let admin = shop.admin().await;
        let broken = BrokenMail::of(&shop, &admin).await;
        register(&shop, "lost@example.com").await;
        let [letter] = letters(&admin, 1).await.try_into().unwrap();
        admin.delete(&path(&letter)).await.expect(200);
        broken.mend();
    }
    tokio::time::sleep(PUBLISHED_FOR_GOOD).await;
    register(&shop, "after@example.com").await;
    shop.mailed_token("after@example.com", "verify").await;
    shop
}

/// Replays all mails: the one that was lost arrives, the others are not sent again.
async fn replay(mut shop: Shop) {
    shop.stop();
    shop.start_again();
    put_garbage(&shop, "behind everything").await;
    eventually("it is given up", async || redis(&shop, &["XLEN", "souk:dead-letters:send-mail"]).await == ":1").await;
    assert_eq!(shop.mails("lost@example.com").await.len(), 0, "it does not come by itself");
    shop.stop();
    shop.start_again_with(&["--replay", "send-mail=2000-01-01T00:00:00Z"]);
    shop.mailed_token("lost@example.com", "verify").await;
    for address in ["before@example.com", "after@example.com"] {
        assert_eq!(shop.mails(address).await.len(), 1, "{address}");
    }
}

#[tokio::test]
async fn a_discarded_event_comes_back_with_a_replay_and_those_that_were_handled_change_nothing() {
    replay(shop_that_lost_a_mail().await).await;
}

#[tokio::test]
async fn an_event_comes_back_with_a_replay_out_of_the_archive_of_the_outbox() {
    let mut shop = shop_that_lost_a_mail().await;
    shop.stop();
    assert!(!shop.log().contains("events were archived"), "a week is not over");
    shop.start_again_with(&["--outbox-days", "0"]);
    eventually("the outbox is archived", async || shop.log().contains("events were archived")).await;
    replay(shop).await;
}

#[tokio::test]
async fn streams_keep_what_a_consumer_still_needs_and_no_more() {
    // What fails waits for an hour.
    let shop = Shop::open_with(&["--retry-pause-ms", "3600000"]).await;
    let manager = shop.manager().await;
    let broken = BrokenMail::of(&shop, &manager).await;
    for n in 0..3 {
        register(&shop, &format!("waiting-{n}@example.com")).await;
    }
    eventually("they wait", async || consumer(&manager).await["pending"] == 3).await;
    let product = manager.product("MANY", 100, 1).await;
    for _ in 0..100 {
        manager.restock(&product, 1).await;
    }
    // Of a stream whose consumers are done with everything, the last entry is left.
    eventually("the others are trimmed", async || length(&shop, "inventory").await == 1).await;
    assert_eq!(length(&shop, "mail").await, 3);
    broken.mend();
}

#[tokio::test]
async fn what_the_embedded_redis_was_told_after_a_crash_outlives_the_next() {
    let mut shop = Shop::open().await;
    if !shop.has_embedded_redis() {
        return;
    }
    shop.kill();
    // The process died while it wrote.
    let file = shop.folder().join("redis").join("aof-0.aof");
    let mut written = std::fs::read(&file).unwrap();
    written.extend(b"*3\r\n$3\r\nSET\r\n$100\r\nhalf a co");
    std::fs::write(&file, written).unwrap();
    shop.start_again();
    let customer = shop.customer().await;
    let (id, token) = (customer.id.clone(), customer.refresh_token.clone());
    let is_written = || {
        let written = std::fs::read(&file).unwrap();
        written.windows(id.len()).any(|window| window == id.as_bytes())
    };
    eventually("the session is written down", async || is_written()).await;
    shop.kill();
    shop.start_again();
    shop.post("/api/v1/sessions/refresh", json!({ "refreshToken": token })).await.expect(200);
}

#[tokio::test]
async fn letters_are_walked_page_by_page_from_both_ends() {
    let shop = impatient_shop().await;
    let admin = shop.admin().await;
    for text in ["one", "two", "three"] {
        put_garbage(&shop, text).await;
    }
    letters(&admin, 3).await;
    let mut walks = Vec::new();
    for sort in ["newest", "oldest"] {
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = admin.get(&format!("{LETTERS}&sort={sort}&limit=2{cursor}")).await;
            walked.extend(page.expect(200).as_array().unwrap().iter().map(|letter| letter["id"].clone()));
            match page.metadata["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked.len(), 3);
        walks.push(walked);
    }
    walks[1].reverse();
    assert_eq!(walks[0], walks[1]);
}

#[tokio::test]
async fn what_waits_for_a_consumer_is_told_with_its_age() {
    // What fails waits for an hour.
    let shop = Shop::open_with(&["--retry-pause-ms", "3600000"]).await;
    let manager = shop.manager().await;
    let told = manager.get("/api/v1/consumers").await.expect(200).clone();
    let functions: Vec<&str> = told.as_array().unwrap().iter().map(|row| row["function"].as_str().unwrap()).collect();
    for function in ["invalidate-product-cache", "notify-inventory", "notify-orders", "send-mail"] {
        assert!(functions.contains(&function), "{functions:?}");
    }
    eventually("nothing waits", async || consumer(&manager).await["pending"] == 0).await;
    assert_eq!(
        consumer(&manager).await,
        json!({ "function": "send-mail", "stream": "mail", "undelivered": 0, "pending": 0, "deadLetters": 0 })
    );
    put_garbage(&shop, "garbage").await;
    eventually("it waits", async || consumer(&manager).await["pending"] == 1).await;
    let first = consumer(&manager).await;
    assert_eq!((&first["undelivered"], &first["deadLetters"]), (&json!(0), &json!(0)));
    eventually("it grows older", async || {
        consumer(&manager).await["oldestAgeMs"].as_i64() > first["oldestAgeMs"].as_i64()
    })
    .await;
}

#[tokio::test]
async fn letters_of_what_consumes_nothing_are_not_found() {
    let shop = Shop::open().await;
    let admin = shop.admin().await;
    let not_found = (404, "not_found");
    assert_eq!(admin.get("/api/v1/dead-letters?function=place-order").await.failure(), not_found);
    assert_eq!(admin.get("/api/v1/dead-letters/place-order/1-0").await.failure(), not_found);
    assert_eq!(admin.delete("/api/v1/dead-letters/place-order/1-0").await.failure(), not_found);
    assert_eq!(admin.post("/api/v1/dead-letters/place-order/redrive", json!({})).await.failure(), not_found);
    assert_eq!(admin.get("/api/v1/dead-letters/send-mail/1-0").await.failure(), not_found);
    assert_eq!(admin.get("/api/v1/dead-letters/send-mail/first").await.failure(), (400, "invalid_id"));
    assert_eq!(admin.post(REDRIVE, json!({ "id": "first" })).await.failure(), (422, "invalid_id"));
    assert_eq!(admin.get("/api/v1/dead-letters").await.failure(), (400, "invalid_query"));
}
