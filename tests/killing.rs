//! The process is killed again and again at random points of the way from an order to a browser: while it starts, right after a
//! request was sent, after an answer, after a push, or at any time. Buyers send their wishes with the same keys until they are
//! answered, browsers connect again. In the end nothing is lost and nothing has happened twice.
//!
//! `SOUK_TEST_KILLS` says how often, `SOUK_TEST_SEED` repeats what the dice said.

mod buyers;
mod listeners;

use crate::harness::{PASSWORD, Shop, eventually};
use buyers::{Bought, buy};
use listeners::{Heard, listen};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};

/// Unless `SOUK_TEST_KILLS` says more.
const KILLS: usize = 20;
const BUYERS: usize = 4;
const BROWSERS: usize = 2;
const PRODUCTS: usize = 5;
const PIECES: i64 = 1_000_000;
/// The longest pause between what was seen and the kill.
const PAUSE_MS: u64 = 50;
/// One of so many lives is long enough for what happens once a second: flushes, relays, trimming, second deliveries.
const LONG_LIVES: u32 = 12;
const LONG_LIFE_MS: u64 = 2_500;
/// How long it may take until everything is made up for: a relay that dies holds what it was about to publish for half a minute.
const RECOVERY: Duration = Duration::from_secs(60);

/// What was seen last when the process was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Starting,
    AnyTime,
    LongLife,
    Sent,
    Answered,
    Pushed,
}

/// Where the shop is while it is open.
#[derive(Clone)]
struct Place {
    http: String,
    web_socket: String,
}

impl Place {
    fn of(shop: &Shop) -> Self {
        let text = |field: &str| shop.banner[field].as_str().unwrap().to_owned();
        Self { http: text("http"), web_socket: text("webSocket") }
    }
}

/// What everybody outside of the shop shares.
#[derive(Clone)]
struct Street {
    place: watch::Receiver<Option<Place>>,
    moments: broadcast::Sender<Moment>,
    is_over: Arc<AtomicBool>,
}

impl Street {
    /// The shop, as soon as it is open.
    async fn shop(&self) -> Place {
        let mut place = self.place.clone();
        place.wait_for(Option::is_some).await.unwrap().clone().unwrap()
    }

    fn saw(&self, moment: Moment) {
        // Nobody may be waiting for it.
        let _ = self.moments.send(moment);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

/// Kills the shop so often, and leaves it open.
async fn kill(shop: &mut Shop, street: &Street, place: &watch::Sender<Option<Place>>, kills: usize, dice: &mut StdRng) {
    let mut histogram: BTreeMap<Moment, usize> = BTreeMap::new();
    let started = Instant::now();
    for n in 0..kills {
        let moment = match dice.random_range(0..8) {
            0 => Moment::Starting,
            1 => Moment::AnyTime,
            2 | 3 => Moment::Sent,
            4 | 5 => Moment::Answered,
            _ => Moment::Pushed,
        };
        let is_long = dice.random_ratio(1, LONG_LIVES);
        let moment = if is_long { Moment::LongLife } else { moment };
        let pause = match moment {
            Moment::LongLife => dice.random_range(0..LONG_LIFE_MS),
            Moment::Starting => dice.random_range(0..10 * PAUSE_MS),
            _ => dice.random_range(0..PAUSE_MS),
        };
        *histogram.entry(moment).or_default() += 1;
        if ![Moment::Starting, Moment::AnyTime, Moment::LongLife].contains(&moment) {
            let mut moments = street.moments.subscribe();
            let seen = async { while moments.recv().await.ok() != Some(moment) {} };
            let seen = tokio::time::timeout(RECOVERY, seen).await;
            assert!(seen.is_ok(), "kill {n}: nobody saw {moment:?}");
        }
        if moment == Moment::Starting {
            place.send_replace(None);
            shop.kill();
            shop.kill_while_starting(Duration::from_millis(pause));
        } else {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            place.send_replace(None);
            shop.kill();
        }
        shop.start_again();
        place.send_replace(Some(Place::of(shop)));
    }
    println!("{kills} kills in {:.0} s: {histogram:?}", started.elapsed().as_secs_f64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_points_the_shop_loses_nothing_and_does_nothing_twice() {
    let seed = std::env::var("SOUK_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    let kills = std::env::var("SOUK_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    println!("SOUK_TEST_SEED={seed} SOUK_TEST_KILLS={kills}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut shop = Shop::open_with(&["--retry-pause-ms", "50"]).await;
    let mut products = Vec::new();
    for n in 0..PRODUCTS {
        products.push(shop.manager().await.product(&format!("KILL{n}"), 250, PIECES).await);
    }
    let (place, placed) = watch::channel(Some(Place::of(&shop)));
    let street = Street { place: placed, moments: broadcast::channel(4096).0, is_over: Arc::default() };
    let heard: Vec<Arc<Mutex<Heard>>> = (0..BROWSERS).map(|_| Arc::default()).collect();
    let manager = shop.manager().await.token;
    let listening: Vec<_> =
        heard.iter().map(|heard| tokio::spawn(listen(street.clone(), manager.clone(), heard.clone()))).collect();
    eventually("the browsers listen", async || heard.iter().all(|heard| heard.lock().unwrap().is_there())).await;
    let mut buying = Vec::new();
    for n in 0..BUYERS {
        let (token, dice) = (shop.customer().await.token, StdRng::seed_from_u64(dice.random()));
        buying.push(tokio::spawn(buy(street.clone(), n, token, products.clone(), dice)));
    }
    let visiting = tokio::spawn(buyers::register(street.clone()));

    kill(&mut shop, &street, &place, kills, &mut dice).await;

    street.is_over.store(true, Ordering::SeqCst);
    let mut bought = Vec::new();
    for buying in buying {
        bought.extend(buying.await.unwrap());
    }
    let addresses = visiting.await.unwrap();
    println!("{} orders, {} visitors", bought.len(), addresses.len());
    assert!(bought.len() > kills / 2 && addresses.len() > kills / 40, "too little happened to say anything");
    the_orders_are_those_that_were_answered(&shop, &bought).await;
    for heard in heard {
        let twice = listeners::each_order_was_told(&heard, &bought).await;
        // Only a Redis that lost its last second numbers what it had told before once more.
        assert!(shop.has_embedded_redis() || twice == 0, "{twice}");
    }
    each_address_has_one_mail(&shop, &addresses).await;
    the_ledger_tells_of_each_order_once(&shop, &products, &bought).await;
    every_consumer_is_done(&shop).await;
    listening.into_iter().for_each(|listening| listening.abort());
}

/// Nothing waits for a consumer, and none gave anything up.
async fn every_consumer_is_done(shop: &Shop) {
    let manager = shop.manager().await;
    let (mut consumers, started) = (Vec::new(), Instant::now());
    while started.elapsed() < RECOVERY {
        consumers = manager.get("/api/v1/consumers").await.expect(200).as_array().unwrap().clone();
        let is_done = |consumer: &Value| consumer["undelivered"] == 0 && consumer["pending"] == 0;
        if consumers.iter().all(is_done) {
            assert!(consumers.iter().all(|consumer| consumer["deadLetters"] == 0), "{consumers:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("some consumer is not done: {consumers:#?}");
}

/// All items of a list.
async fn walk(shop: &Shop, path: &str) -> Vec<Value> {
    let manager = shop.manager().await;
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = manager.get(&format!("{path}?limit=100{cursor}")).await;
        items.extend(page.expect(200).as_array().unwrap().iter().cloned());
        match page.metadata["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

/// Every wish was repeated until it was answered, so there are as many orders as answers, each once and as it was answered last.
async fn the_orders_are_those_that_were_answered(shop: &Shop, bought: &[Bought]) {
    let orders = walk(shop, "/api/v1/orders/search").await;
    let numbers: BTreeSet<&str> = orders.iter().map(|order| order["number"].as_str().unwrap()).collect();
    assert_eq!(numbers.len(), orders.len(), "no number twice");
    let mut kept: Vec<(&str, i64, &str)> = orders
        .iter()
        .map(|order| {
            (order["id"].as_str().unwrap(), order["version"].as_i64().unwrap(), order["status"].as_str().unwrap())
        })
        .collect();
    let status = |bought: &Bought| if bought.version == 1 { "pending_payment" } else { "cancelled" };
    let mut answered: Vec<(&str, i64, &str)> =
        bought.iter().map(|bought| (bought.order.as_str(), bought.version, status(bought))).collect();
    kept.sort_unstable();
    answered.sort_unstable();
    assert_eq!(kept, answered);
}

/// Each order took hold of its pieces once, and let go of them once if it was cancelled; the stock, cached or not, is what the ledger
/// adds up to.
async fn the_ledger_tells_of_each_order_once(shop: &Shop, products: &[String], bought: &[Bought]) {
    for product in products {
        let movements = walk(shop, &format!("/api/v1/products/{product}/stock/movements")).await;
        let mut changes: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for movement in &movements {
            if let Some(order) = movement["orderId"].as_str() {
                changes.entry(order).or_default().push(movement["reservedChange"].as_i64().unwrap());
            }
        }
        let expected: BTreeMap<&str, Vec<i64>> = bought
            .iter()
            .filter(|bought| bought.product == *product)
            .map(|bought| match bought.version {
                1 => (bought.order.as_str(), vec![bought.pieces]),
                // The newest comes first.
                _ => (bought.order.as_str(), vec![-bought.pieces, bought.pieces]),
            })
            .collect();
        assert_eq!(changes, expected, "the ledger of {product}");
        let sum = |field: &str| movements.iter().map(|movement| movement[field].as_i64().unwrap()).sum::<i64>();
        let reserved = sum("reservedChange");
        let wanted = (json!(PIECES), json!(reserved), json!(PIECES - reserved));
        assert_eq!(sum("onHandChange"), PIECES);
        let stock = async || {
            let stock = shop.get(&format!("/api/v1/products/{product}/stock")).await.expect(200).clone();
            (stock["onHand"].clone(), stock["reserved"].clone(), stock["available"].clone())
        };
        let shown = async || shop.get(&format!("/api/v1/products/{product}")).await.expect(200)["available"].clone();
        // Copies in the cache are old until the event was published.
        eventually_recovered("the stock", async || stock().await == wanted && shown().await == wanted.2).await;
    }
}

/// Asks again and again until the answer is yes.
async fn eventually_recovered(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < RECOVERY, "{what} did not recover");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One mail went to each address that was registered, and its link works.
async fn each_address_has_one_mail(shop: &Shop, addresses: &[String]) {
    for address in addresses {
        eventually_recovered("the mail", async || !shop.mails(address).await.is_empty()).await;
        let token = shop.mailed_token(address, "verify").await;
        assert_eq!(shop.mails(address).await.len(), 1, "{address}");
        shop.post("/api/v1/email-verifications", json!({ "token": token })).await.expect(200);
    }
    if let Some(address) = addresses.first() {
        shop.log_in(address, PASSWORD).await;
    }
}
