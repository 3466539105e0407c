//! News have places: whoever comes back hears what was missed, each of them once and in order.

use crate::harness::{Browser, Heard, Listener, Shop};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use souk_domain::ProductId;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn who_comes_back_is_told_exactly_what_was_missed() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("MISSED", 100, 100).await;
    let topic = format!("customer/{}", customer.id);
    let mut browser = Browser::logged_in(&shop, &customer.token).await;
    let mut listener = Listener::subscribe(&mut browser, &topic).await;
    customer.order(&[(&product, 1)]).await.expect(201);
    while listener.heard.is_empty() {
        listener.take(browser.hear().await.unwrap());
    }
    drop(browser);
    let mut missed = Vec::new();
    for _ in 0..5 {
        missed.push(customer.order(&[(&product, 1)]).await.expect(201)["id"].clone());
    }
    // A browser that stays tells when all of it was noted.
    let mut other = Browser::logged_in(&shop, &manager.token).await;
    let told = async |other: &mut Browser| {
        let answer = other.ask(json!({ "action": "subscribe", "topic": topic, "after": listener.last })).await;
        answer["news"].as_array().map_or(0, Vec::len)
    };
    let at = Instant::now();
    while told(&mut other).await < 5 {
        assert!(at.elapsed() < Duration::from_secs(10));
    }
    let mut browser = Browser::logged_in(&shop, &customer.token).await;
    let answer = listener.resume(&mut browser).await;
    assert_eq!((&answer["reload"], answer["news"].as_array().map(Vec::len)), (&json!(false), Some(5)));
    let orders: Vec<_> = listener.heard[1..].iter().map(|message| message["data"]["orderId"].clone()).collect();
    assert_eq!(orders, missed);
    // Nothing is missed twice.
    assert_eq!(listener.resume(&mut browser).await.get("news"), None);
}

#[tokio::test]
async fn what_is_not_known_any_more_is_to_be_loaded_again() {
    let shop = Shop::open().await;
    let mut browser = Browser::guest(&shop).await;
    let topic = format!("product/{}", ProductId::new());
    let listener = Listener::subscribe(&mut browser, &topic).await;
    for (after, reload) in [(1, true), (listener.last, false), (listener.last + 1, true)] {
        let answer = browser.ask(json!({ "action": "subscribe", "topic": topic, "after": after })).await;
        assert_eq!((&answer["reload"], &answer["sequence"]), (&json!(reload), &json!(listener.last)), "{after}");
    }
    for after in [json!("1"), json!(-1), json!(1.5)] {
        let answer = browser.ask(json!({ "action": "subscribe", "topic": topic, "after": after })).await;
        assert_eq!(answer["errors"][0]["field"], "after", "{answer}");
    }
}

#[tokio::test]
async fn a_product_is_told_at_most_ten_times_a_second_and_its_last_level_always() {
    let shop = Shop::open().await;
    let manager = shop.manager().await;
    let product = manager.product("OFTEN", 100, 1000).await;
    let mut browser = Browser::guest(&shop).await;
    let mut listener = Listener::subscribe(&mut browser, &format!("product/{product}")).await;
    let customer = shop.customer().await;
    let lines = [(product.as_str(), 1)];
    for _ in 0..10 {
        join_all((0..20).map(|_| customer.order(&lines))).await;
    }
    let is_last = |message: &Value| message["data"]["available"] == 800;
    while !listener.heard.last().is_some_and(is_last) {
        listener.take(browser.hear().await.unwrap());
    }
    // Sequences are the microseconds at which they were given.
    let apart: Vec<u64> = listener.sequences().windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.iter().all(|apart| *apart >= 100_000), "{apart:?}");
    assert!(listener.heard.len() < 200);
}

#[tokio::test]
async fn a_browser_that_takes_nothing_is_let_go_and_holds_nobody_up() {
    let shop = Shop::open().await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let product = manager.product("SLOW", 100, 10_000).await;
    let mut slow = Browser::slow(&shop, &manager.token).await;
    slow.subscribe("admin").await;
    let mut quick = Browser::logged_in(&shop, &manager.token).await;
    let mut listener = Listener::subscribe(&mut quick, "admin").await;
    let lines = [(product.as_str(), 1)];
    let order = async {
        for _ in 0..40 {
            join_all((0..20).map(|_| customer.order(&lines))).await;
        }
    };
    let hear = async {
        while listener.heard.len() < 800 {
            listener.take(quick.hear().await.unwrap());
        }
    };
    tokio::join!(order, hear);
    // It finds what was on its way, and then the end.
    while slow.hear().await.is_some() {}
}

/// One browser of the test below: what it heard from a subscription to the next reload, and how often it came back.
struct Visitor {
    segments: Vec<(u64, Listener)>,
    returns: usize,
}

/// Listens until it is silent; whether the connection ended, or what is missing did not come within a second.
async fn listen(browser: &mut Browser, listener: &mut Listener, until: Instant) -> bool {
    let mut missing_since = None::<Instant>;
    loop {
        match browser.hear_before(until).await {
            Heard::Message(message) => {
                missing_since = listener.take(message).then(|| missing_since.unwrap_or_else(Instant::now));
                if missing_since.is_some_and(|since| since.elapsed() > Duration::from_secs(1)) {
                    return true;
                }
            }
            Heard::Silent => return false,
            Heard::Closed => return true,
        }
    }
}

/// Listens to a topic, from a new connection again and again, until it heard the last news.
async fn come_and_go(shop: &Shop, token: &str, topic: &str, mut random: StdRng, ends: &Ends) -> Visitor {
    let mut browser = Browser::logged_in(shop, token).await;
    let listener = Listener::subscribe(&mut browser, topic).await;
    let mut visitor = Visitor { segments: vec![(listener.last, listener)], returns: 0 };
    loop {
        let stay = Instant::now() + Duration::from_millis(random.random_range(1000..4000));
        let listener = &mut visitor.segments.last_mut().unwrap().1;
        listen(&mut browser, listener, stay).await;
        if ends.lock().unwrap().get(topic).is_some_and(|end| listener.last >= *end) {
            return visitor;
        }
        drop(browser);
        tokio::time::sleep(Duration::from_millis(random.random_range(0..300))).await;
        browser = Browser::logged_in(shop, token).await;
        visitor.returns += 1;
        let answer = listener.resume(&mut browser).await;
        let last = listener.last;
        if answer["reload"] == true {
            visitor.segments.push((last, Listener::new(topic, last)));
        }
    }
}

/// Listens to a topic all the time, until `is_all` says that the last news was heard.
async fn stay(
    shop: &Shop,
    token: &str,
    (mut browser, mut listener): (Browser, Listener),
    is_all: impl Fn(&Listener) -> bool,
    ends: &Ends,
) -> Listener {
    while !is_all(&listener) {
        if listen(&mut browser, &mut listener, Instant::now() + Duration::from_millis(500)).await {
            browser = Browser::logged_in(shop, token).await;
            assert_eq!(listener.resume(&mut browser).await["reload"], false);
        }
    }
    ends.lock().unwrap().insert(listener.topic.clone(), listener.last);
    listener
}

/// The last sequence of each topic, once it is known.
type Ends = Mutex<HashMap<String, u64>>;

const PRODUCTS: usize = 5;
const ROUNDS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_browsers_that_come_and_go_hear_all_news_once_and_in_order() {
    let seed: u64 =
        std::env::var("SOUK_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SOUK_TEST_SEED={seed}");
    let shop = Shop::open_with(&["--rate-limit-factor", "100"]).await;
    let (manager, customer) = (shop.manager().await, shop.customer().await);
    let (mut products, mut topics) = (Vec::new(), vec!["admin".to_owned()]);
    for n in 0..PRODUCTS {
        let product = manager.product(&format!("CROWD-{n}"), 100, 100_000).await;
        topics.push(format!("product/{product}"));
        products.push(product);
    }
    let mut first = Vec::new();
    for topic in &topics {
        let mut browser = Browser::logged_in(&shop, &manager.token).await;
        let listener = Listener::subscribe(&mut browser, topic).await;
        first.push((browser, listener));
    }
    let ends = Ends::default();
    let visits = join_all((0..200).map(|n| {
        let topic = &topics[n as usize % topics.len()];
        come_and_go(&shop, &manager.token, topic, StdRng::seed_from_u64(seed.wrapping_add(n)), &ends)
    }));
    // Those that stay know what there was to hear: both steps of each order, and the stock of a product up to its last change, which the
    // cancellation of the last order is.
    let is_all = |listener: &Listener| match listener.topic.as_str() {
        "admin" => listener.heard.len() == 2 * PRODUCTS * ROUNDS,
        _ => listener.heard.last().is_some_and(|level| level["version"] == json!(2 + 2 * ROUNDS)),
    };
    let stays = join_all(first.into_iter().map(|one| stay(&shop, &manager.token, one, is_all, &ends)));
    let buy = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        for _ in 0..ROUNDS {
            let bought = join_all(products.iter().map(async |product| {
                let order = customer.order(&[(product, 1)]).await;
                let place = order.header("location").unwrap().to_owned();
                customer.post(&format!("{place}/cancel"), json!({})).await.expect(200);
            }));
            bought.await;
            tokio::time::sleep(Duration::from_millis(800)).await;
        }
    };
    let (visitors, stayed, ()) = tokio::join!(visits, stays, buy);

    let all: HashMap<&str, &Listener> = stayed.iter().map(|listener| (listener.topic.as_str(), listener)).collect();
    let mut versions: HashMap<&Value, i64> = HashMap::new();
    for message in &all["admin"].heard {
        let (subject, version) = (&message["data"]["orderId"], message["version"].as_i64().unwrap());
        assert_eq!(versions.insert(subject, version).unwrap_or(0) + 1, version, "steps are told in order");
    }
    let (mut returns, mut reloads) = (0, 0);
    for visitor in &visitors {
        returns += visitor.returns;
        reloads += visitor.segments.len() - 1;
        let last = visitor.segments.len() - 1;
        for (at, (from, listener)) in visitor.segments.iter().enumerate() {
            // The last segment goes to the end; one before was cut off by a reload, wherever it had come to.
            let (there, heard) = (all[listener.topic.as_str()].sequences(), listener.sequences());
            let end = if at == last { there.last() } else { heard.last() };
            let until = end.map_or(*from, |end| *end);
            let expected: Vec<u64> = there.iter().copied().filter(|place| (from + 1..=until).contains(place)).collect();
            assert_eq!(heard, expected, "{} after {from}, seed {seed}", listener.topic);
        }
    }
    println!("{returns} returns");
    assert!(returns >= 400, "{returns} returns are no load");
    // Everybody began with a place, and the news since then are few and young enough to be kept.
    assert_eq!(reloads, 0, "of {returns} returns that had to load again");
}
