//! What is due goes out: from a store on this machine, over HTTP, to a receiver on this machine.

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use souk_domain::ports::{Categories, Products, Webhooks};
use souk_domain::{
    Aggregate, CategoryFields, Cause, ClaimedDelivery, Committed, CustomerId, DateTime, DecideWebhook, DeliveryId,
    DeliveryStatus, Description, Event, Grams, Limit, Money, Page, ProductFields, Result, RetryPauses, SealedSecret,
    Told, Webhook, WebhookAttempt, WebhookDelivery, WebhookDescription, WebhookEventType, WebhookFields, WebhookId,
    WebhookReach, WebhookUrl,
};
use souk_lambda::{Batch, Record, Seal};
use souk_sqlite::SqliteStore;
use souk_webhook_sender::HttpWebhookSender;
use souk_webhooks::deliver_webhooks::{self, Delivered};
use souk_webhooks::{Poster, WebhookSecrets, enqueue_webhooks, expire_webhook_deliveries};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::Semaphore;

type Ids = Arc<Mutex<Vec<String>>>;

/// A receiver that takes everything; its address, and the ids of what it has taken.
async fn receiver() -> (String, Ids) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let (url, ids) = (format!("http://{}/", listener.local_addr().expect("an address")), Ids::default());
    let take = async |State(ids): State<Ids>, headers: HeaderMap| {
        ids.lock().expect("ids").push(headers["webhook-id"].to_str().expect("a text").to_owned());
    };
    let router = Router::new().fallback(take).with_state(ids.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, ids)
}

struct Shop {
    store: SqliteStore,
    webhook: WebhookId,
    folder: TempDir,
}

fn key(byte: u8) -> SecretString {
    STANDARD.encode([byte; 32]).into()
}

impl Shop {
    /// With a webhook that hears of new products.
    async fn open(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("souk.db")).expect("a store");
        let types = vec![WebhookEventType::parse("souk.ProductCreated").expect("a type")];
        let url = WebhookUrl::parse(url).expect("a URL");
        let fields = WebhookFields::new(url, types, WebhookDescription::default()).expect("fields");
        let id = WebhookId::new();
        let sealed = Seal::new(&key(1)).expect("a key").seal(b"secret", id.uuid()).expect("a secret");
        let secret = SealedSecret(STANDARD.encode(sealed));
        let webhook = Webhook::new(id, fields, secret, souk_domain::now());
        store.create_webhook(webhook, CustomerId::new(), &Cause::internal("test")).await.expect("a webhook");
        Self { store, webhook: id, folder }
    }

    /// So many new products; their events.
    async fn products(&self, number: usize) -> Vec<Event> {
        let cause = Cause::internal("test");
        let fields = CategoryFields { name: "Things".parse().expect("a name"), parent_id: None };
        let category_id = self.store.create_category(fields, &cause).await.expect("a category").value.id;
        let price = Money::new(100, "GBP".parse().expect("a currency")).expect("a price");
        let (name, description) = ("Thing".parse().expect("a name"), Description::default());
        let fields = ProductFields { name, description, category_id, price, weight_grams: Grams::default() };
        let mut events = Vec::new();
        for n in 0..number {
            let sku = format!("A{n}").parse().expect("a SKU");
            let made = self.store.create_product(sku, fields.clone(), &Cause::internal("test")).await;
            events.extend(made.expect("a product").events);
        }
        events
    }

    async fn consume(&self, events: &[Event]) {
        let record = |event: &Event| Record {
            entry_id: "1-0".to_owned(),
            deliveries: 1,
            event: serde_json::from_str(&event.to_json()).expect("JSON"),
        };
        let batch = Batch { records: events.iter().map(record).collect() };
        let response = enqueue_webhooks::handle(batch, &self.store).await.expect("a response");
        assert!(response.batch_item_failures.is_empty());
    }

    /// An invocation with so much time.
    async fn deliver(&self, key: SecretString, time: Duration) -> Delivered {
        deliver(&self.store, key, time).await
    }
}

async fn deliver(webhooks: &dyn Webhooks, key: SecretString, time: Duration) -> Delivered {
    let sender = HttpWebhookSender::new(WebhookReach::Anywhere).expect("a sender");
    let poster = Poster::new(WebhookSecrets::new(&key).expect("a key"), Arc::new(sender));
    let deadline = Instant::now() + time;
    deliver_webhooks::handle(webhooks, &poster, RetryPauses::default(), deadline).await.expect("what was done")
}

/// A store with one connection, as a small pool has when everybody else is busy.
struct OneConnection {
    store: SqliteStore,
    connection: Semaphore,
}

impl OneConnection {
    async fn with<T>(&self, done: impl Future<Output = T>) -> T {
        let _connection = self.connection.acquire().await.expect("a connection");
        tokio::time::sleep(Duration::from_millis(1)).await;
        done.await
    }
}

#[async_trait]
impl Webhooks for OneConnection {
    async fn create_webhook(&self, webhook: Webhook, by: CustomerId, cause: &Cause) -> Result<Committed<Webhook>> {
        self.with(self.store.create_webhook(webhook, by, cause)).await
    }

    async fn change_webhook(
        &self,
        id: WebhookId,
        decide: DecideWebhook,
        by: Option<CustomerId>,
        cause: &Cause,
    ) -> Result<Committed<Webhook>> {
        self.with(self.store.change_webhook(id, decide, by, cause)).await
    }

    async fn remove_webhook(&self, id: WebhookId, by: CustomerId, cause: &Cause) -> Result<Committed<()>> {
        self.with(self.store.remove_webhook(id, by, cause)).await
    }

    async fn webhook(&self, id: WebhookId) -> Result<Webhook> {
        self.with(self.store.webhook(id)).await
    }

    async fn webhooks(&self, limit: Limit, after: Option<i64>) -> Result<Page<Webhook, i64>> {
        self.with(self.store.webhooks(limit, after)).await
    }

    async fn enqueue_webhooks(&self, aggregate: Aggregate, told: &[Told], oldest: DateTime) -> Result<usize> {
        self.with(self.store.enqueue_webhooks(aggregate, told, oldest)).await
    }

    async fn claim_webhook_deliveries(
        &self,
        limit: usize,
        of_each: usize,
        now: DateTime,
        until: DateTime,
    ) -> Result<Vec<ClaimedDelivery>> {
        self.with(self.store.claim_webhook_deliveries(limit, of_each, now, until)).await
    }

    async fn webhook_delivered(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &WebhookAttempt,
        at: DateTime,
    ) -> Result<()> {
        self.with(self.store.webhook_delivered(delivery, attempt, at)).await
    }

    async fn webhook_failed(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &WebhookAttempt,
        at: DateTime,
        next: Option<DateTime>,
    ) -> Result<u32> {
        self.with(self.store.webhook_failed(delivery, attempt, at, next)).await
    }

    async fn webhook_deliveries(
        &self,
        id: WebhookId,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<WebhookDelivery, i64>> {
        self.with(self.store.webhook_deliveries(id, limit, after)).await
    }

    async fn redeliver_webhook(
        &self,
        id: WebhookId,
        delivery: DeliveryId,
        cause: &Cause,
    ) -> Result<Committed<WebhookDelivery>> {
        self.with(self.store.redeliver_webhook(id, delivery, cause)).await
    }

    async fn expire_webhook_deliveries(&self, before: DateTime) -> Result<usize> {
        self.with(self.store.expire_webhook_deliveries(before)).await
    }
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn invocations_that_overlap_share_the_work() {
    let (url, ids) = receiver().await;
    let shop = Shop::open(&url).await;
    let events = shop.products(40).await;
    shop.consume(&events).await;
    shop.consume(&events).await;
    let (one, two) = tokio::join!(shop.deliver(key(1), LONG), shop.deliver(key(1), LONG));
    assert_eq!((one.delivered + two.delivered, one.failed + two.failed), (40, 0));
    let mut sent = ids.lock().expect("ids").clone();
    sent.sort();
    let mut expected: Vec<_> = events.iter().map(|event| event.id.to_string()).collect();
    expected.sort();
    assert_eq!(sent, expected);
    assert_eq!(shop.deliver(key(1), LONG).await, Delivered::default());
    // What was delivered a moment ago is remembered.
    assert_eq!(expire_webhook_deliveries::handle(&shop.store).await.expect("a number").expired, 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside_and_the_rest_goes_out() {
    let (url, ids) = receiver().await;
    let shop = Shop::open(&url).await;
    shop.consume(&shop.products(20).await).await;
    // More than may be claimed at once, and the oldest: a later version wrote them, before it was taken back.
    let database = rusqlite::Connection::open(shop.folder.path().join("souk.db")).expect("the store");
    let later = r#"UPDATE webhook_delivery SET event = '{"type":"souk.Later"}' WHERE delivery_key IN
        (SELECT delivery_key FROM webhook_delivery ORDER BY delivery_key LIMIT 6)"#;
    assert_eq!(database.execute(later, []).expect("an update"), 6);
    let done = shop.deliver(key(1), Duration::from_secs(60)).await;
    assert_eq!((done, ids.lock().expect("ids").len()), (Delivered { delivered: 14, failed: 6 }, 14));
    let limit = Limit::new(100).expect("a limit");
    let log = shop.store.webhook_deliveries(shop.webhook, limit, None).await.expect("a log").items;
    let waits = |line: &&WebhookDelivery| line.status == DeliveryStatus::Pending && line.error.is_some();
    assert_eq!(log.iter().filter(waits).count(), 6);
}

#[tokio::test]
async fn a_claim_that_waits_for_a_connection_does_not_wait_for_what_holds_it_for_ever() {
    let (url, ids) = receiver().await;
    let shop = Shop::open(&url).await;
    shop.consume(&shop.products(40).await).await;
    let webhooks = OneConnection { store: shop.store.clone(), connection: Semaphore::new(1) };
    let delivering = deliver(&webhooks, key(1), LONG);
    let done = tokio::time::timeout(Duration::from_secs(20), delivering).await.expect("an end");
    assert_eq!((done, ids.lock().expect("ids").len()), (Delivered { delivered: 40, failed: 0 }, 40));
}

#[tokio::test]
async fn nothing_is_taken_that_there_is_no_time_for() {
    let (url, ids) = receiver().await;
    let shop = Shop::open(&url).await;
    shop.consume(&shop.products(1).await).await;
    assert_eq!(shop.deliver(key(1), Duration::from_secs(10)).await, Delivered::default());
    assert!(ids.lock().expect("ids").is_empty());
    assert_eq!(shop.deliver(key(1), LONG).await, Delivered { delivered: 1, failed: 0 });
}

#[tokio::test]
async fn a_secret_that_another_key_sealed_signs_nothing_and_the_log_says_so() {
    let (url, ids) = receiver().await;
    let shop = Shop::open(&url).await;
    shop.consume(&shop.products(1).await).await;
    assert_eq!(shop.deliver(key(2), LONG).await, Delivered { delivered: 0, failed: 1 });
    assert!(ids.lock().expect("ids").is_empty());
    let log = shop.store.webhook_deliveries(shop.webhook, Limit::default(), None).await.expect("a log").items;
    let error = log[0].error.as_deref().expect("an error");
    assert_eq!((log[0].status, log[0].attempts), (DeliveryStatus::Pending, 1));
    assert!(error.contains("rotate it"), "{error}");
}
