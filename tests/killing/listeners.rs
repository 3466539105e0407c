//! Browsers that listen, and connect again whenever the shop is gone, saying what they have heard last.

use super::buyers::Bought;
use super::{Moment, Place, RECOVERY, Street};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// The orders of the whole shop.
const TOPIC: &str = "admin";

/// What a browser knows.
#[derive(Default)]
pub struct Heard {
    /// The number of the news that it heard last.
    last: Option<u64>,
    /// The versions of each order, as they were told: those left out whose number it knew.
    told: BTreeMap<String, Vec<i64>>,
    /// The version of each order that it has loaded, since too much was missed. Some of it may still be told afterwards: what is
    /// loaded is newer than what was told by then.
    loaded: BTreeMap<String, i64>,
    /// News that came again under a number that it knew.
    again: usize,
    /// How often it was told to load everything again.
    reloads: usize,
}

/// Listens until it is aborted.
pub async fn listen(street: Street, token: String, heard: Arc<Mutex<Heard>>) {
    loop {
        // The connection ended, or something is missing that is asked for on the next one.
        let _ = listen_once(&street, &token, &heard).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Listens until the connection ends.
async fn listen_once(street: &Street, token: &str, heard: &Mutex<Heard>) -> Option<()> {
    let place = street.shop().await;
    let (mut socket, _) = connect_async(format!("{}/?access_token={token}", place.web_socket)).await.ok()?;
    let mut subscribe = json!({ "action": "subscribe", "topic": TOPIC });
    let last = heard.lock().unwrap().last;
    if let Some(last) = last {
        subscribe["after"] = json!(last);
    }
    socket.send(Message::text(subscribe.to_string())).await.ok()?;
    // News may come before the answer that says what was missed before them.
    let (mut early, mut is_subscribed) = (Vec::new(), false);
    while let Message::Text(text) = socket.next().await?.ok()? {
        let message: Value = serde_json::from_str(&text).unwrap();
        match message["type"].as_str().unwrap() {
            "Subscribed" => {
                is_subscribed = true;
                let reloaded = match message["reload"] == true && last.is_some() {
                    true => Some(orders(&place, token).await?),
                    false => None,
                };
                let mut heard = heard.lock().unwrap();
                heard.catch_up(&message, reloaded);
                early.iter().try_for_each(|news| heard.take(news))?;
            }
            "OrderStatusChanged" if is_subscribed => heard.lock().unwrap().take(&message)?,
            "OrderStatusChanged" => early.push(message),
            _ => panic!("{message}"),
        }
        street.saw(Moment::Pushed);
    }
    None
}

/// Every order and its version, as a browser loads them that has missed too much.
async fn orders(place: &Place, token: &str) -> Option<Vec<(String, i64)>> {
    let (client, mut orders, mut cursor) = (reqwest::Client::new(), Vec::new(), String::new());
    loop {
        let url = format!("{}/api/v1/orders/search?limit=100{cursor}", place.http);
        let page: Value = client.get(url).bearer_auth(token).send().await.ok()?.json().await.ok()?;
        let loaded = page["data"].as_array().unwrap().iter();
        orders
            .extend(loaded.map(|order| (order["id"].as_str().unwrap().to_owned(), order["version"].as_i64().unwrap())));
        match page["metadata"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Some(orders),
        }
    }
}

impl Heard {
    /// Whether it listens.
    pub fn is_there(&self) -> bool {
        self.last.is_some()
    }

    /// The orders whose last version it was not told.
    fn missed(&self, wanted: &BTreeMap<&str, i64>) -> Vec<String> {
        let told = |order: &str| self.told.get(order).and_then(|versions| versions.iter().max());
        let newest = |order: &str| told(order).max(self.loaded.get(order)).copied();
        let missed = wanted.iter().filter(|(order, version)| newest(order) != Some(**version));
        missed.map(|(order, _)| (*order).to_owned()).collect()
    }

    /// Takes the answer to a subscription, and what was loaded because of it.
    fn catch_up(&mut self, answer: &Value, reloaded: Option<Vec<(String, i64)>>) {
        if let Some(orders) = reloaded {
            self.reloads += 1;
            self.loaded.extend(orders);
        }
        for news in answer["news"].as_array().into_iter().flatten() {
            let _ = self.take(news);
        }
        self.last = answer["sequence"].as_u64();
    }

    /// Takes news, unless some are missing before them.
    fn take(&mut self, news: &Value) -> Option<()> {
        let number = |field: &str| news[field].as_u64();
        if number("sequence") <= self.last {
            self.again += 1;
            return Some(());
        }
        if number("previous") > self.last {
            return None;
        }
        self.last = number("sequence");
        let order = news["data"]["orderId"].as_str().unwrap().to_owned();
        self.told.entry(order).or_default().push(news["version"].as_i64().unwrap());
        Some(())
    }
}

/// Every order was told up to its last version; how often a version was told once more under another number.
///
/// A step is not told after a later one: two commands may publish their events in another order when the process dies in between, and
/// a browser leaves out what is older than what it has.
pub async fn each_order_was_told(heard: &Mutex<Heard>, bought: &[Bought]) -> usize {
    let wanted: BTreeMap<&str, i64> = bought.iter().map(|bought| (bought.order.as_str(), bought.version)).collect();
    let started = Instant::now();
    loop {
        let missed = heard.lock().unwrap().missed(&wanted);
        if missed.is_empty() {
            break;
        }
        assert!(started.elapsed() < RECOVERY, "a browser was not told of {}: {missed:?}", missed.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let heard = heard.lock().unwrap();
    let Heard { told, loaded, again, reloads, .. } = &*heard;
    assert!(told.keys().all(|order| wanted.contains_key(order.as_str())), "told of orders that nobody made");
    let distinct: usize = told.values().map(|versions| BTreeSet::from_iter(versions).len()).sum();
    let twice = told.values().map(Vec::len).sum::<usize>() - distinct;
    let is_known = |order: &str, version: i64| {
        told.get(order).is_some_and(|versions| versions.contains(&version))
            || loaded.get(order).is_some_and(|loaded| version <= *loaded)
    };
    let steps = wanted.iter().flat_map(|(order, version)| (1..=*version).map(move |version| (*order, version)));
    let overtaken = steps.filter(|(order, version)| !is_known(order, *version)).count();
    println!(
        "a browser was told of all {}: {distinct} steps, {overtaken} overtaken, {again} came again, {twice} under another number, \
         {reloads} reloads",
        wanted.len()
    );
    twice
}
