//! One wish, followed from the click to the browser's frame by one id: through the log, and as a trace.

use crate::harness::{Browser, Shop, eventually, send};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

const CLICK: &str = "the-click-of-ada-7f3a";

/// An order with a correlation id of the client's own; the frame that tells the manager of it.
async fn order_and_hear(shop: &Shop) -> Value {
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("FOLLOW", 100, 10).await;
    let mut browser = Browser::logged_in(shop, &manager.token).await;
    browser.subscribe("admin").await;
    let order = json!({ "lines": [{ "productId": product, "quantity": 1 }] });
    let request = shop.request(Method::POST, "/api/v1/orders").bearer_auth(&ada.token).json(&order);
    let answer = request.header("X-Correlation-Id", CLICK).header("Idempotency-Key", "k").send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let told = browser.hear_of("OrderStatusChanged").await;
    assert_eq!(told["correlationId"], CLICK);
    assert!(shop.log().contains(&format!("caller={}", ada.id)), "the log says who called");
    told
}

#[tokio::test]
async fn one_id_finds_the_request_the_event_its_consumers_and_what_browsers_were_told() {
    let shop = Shop::open().await;
    let told = order_and_hear(&shop).await;
    // Each with what only its line says.
    let steps = [
        "answered method=POST route=\"/api/v1/orders\" status=201".to_owned(),
        "committed event=".to_owned(),
        "delivered function=\"notify-orders\"".to_owned(),
        "delivered function=\"enqueue-webhooks\"".to_owned(),
        format!("told topic=admin sequence={}", told["sequence"]),
    ];
    eventually("a line for each step", async || {
        let log = shop.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(CLICK)).collect();
        steps.iter().all(|step| lines.iter().any(|line| line.contains(step)))
    })
    .await;
}

/// A collector of traces, which only remembers.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    async fn open() -> (Self, String) {
        let collector = Self::default();
        let take = |State(Collector(spans)): State<Collector>, body: Bytes| async move {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            let of_scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            spans.lock().unwrap().extend(of_scopes.flat_map(|scope| scope.spans));
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    /// The spans of a trace.
    fn trace(&self, id: &[u8]) -> Vec<Span> {
        self.0.lock().unwrap().iter().filter(|span| span.trace_id == id).cloned().collect()
    }
}

async fn traced_shop() -> (Shop, Collector) {
    let (collector, url) = Collector::open().await;
    let environment = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", url), ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned())];
    (Shop::open_in(environment, &[]).await, collector)
}

#[tokio::test]
async fn a_wish_is_one_trace_from_the_request_to_the_frame() {
    let (shop, collector) = traced_shop().await;
    order_and_hear(&shop).await;
    let id = &Sha256::digest(CLICK)[..16];
    let parts = ["POST /api/v1/orders", "admit", "publish", "notify-orders souk.OrderPlaced", "note", "DynamoDB.Query"];
    let push = "PostToConnection";
    eventually("every part of the trace", async || {
        let spans = collector.trace(id);
        let has = |name: &&str| spans.iter().any(|span| span.name == **name);
        parts.iter().all(has) && spans.iter().any(|span| span.name.ends_with(push))
    })
    .await;
    let spans = collector.trace(id);
    // What the request did is under it, what the consumer did under that.
    assert_eq!(root_of("admit", &spans), ("POST /api/v1/orders", SpanKind::Server));
    assert_eq!(root_of("publish", &spans), ("POST /api/v1/orders", SpanKind::Server));
    assert_eq!(root_of(push, &spans), ("notify-orders souk.OrderPlaced", SpanKind::Consumer));
    let sql: BTreeSet<_> =
        spans.iter().filter(|span| span.attributes.iter().any(is_sql)).map(|span| &span.name).collect();
    assert!(!sql.is_empty(), "the store is in the trace");
}

/// What the first span with a name that ends so is a part of.
fn root_of<'a>(name: &str, spans: &'a [Span]) -> (&'a str, SpanKind) {
    let by_id: HashMap<&[u8], &Span> = spans.iter().map(|span| (&span.span_id[..], span)).collect();
    let mut span = spans.iter().find(|span| span.name.ends_with(name)).unwrap();
    while let Some(parent) = by_id.get(&span.parent_span_id[..]) {
        span = *parent;
    }
    (span.name.as_str(), span.kind())
}

#[tokio::test]
async fn what_the_payment_provider_is_asked_is_a_part_of_the_trace_of_whoever_pays() {
    let (shop, collector) = traced_shop().await;
    let (manager, ada) = (shop.manager().await, shop.customer().await);
    let product = manager.product("TRACED", 100, 10).await;
    let order = ada.order(&[(&product, 1)]).await.expect(201)["id"].as_str().unwrap().to_owned();
    let request = ada.request(Method::POST, &format!("/api/v1/orders/{order}/payments"));
    let request = request.header("X-Correlation-Id", CLICK).json(&json!({ "paymentMethod": "pm_card_visa" }));
    send(request).await.expect(200);
    let id = &Sha256::digest(CLICK)[..16];
    let asked = "/v1/payment_intents";
    eventually("the call to the provider and its request", async || {
        let spans = collector.trace(id);
        let has = |name: &str| spans.iter().any(|span| span.name == name);
        has(asked) && has("POST /api/v1/orders/{id}/payments")
    })
    .await;
    let spans = collector.trace(id);
    assert!(spans.iter().any(|span| span.name == asked && span.kind() == SpanKind::Client));
    assert_eq!(root_of(asked, &spans), ("POST /api/v1/orders/{id}/payments", SpanKind::Server));
}

fn is_sql(attribute: &opentelemetry_proto::tonic::common::v1::KeyValue) -> bool {
    let text = format!("{:?}", attribute.value);
    attribute.key == "db.system.name" && (text.contains("sqlite") || text.contains("microsoft.sql_server"))
}

#[tokio::test]
async fn the_trace_of_a_client_goes_on_in_the_shop() {
    let (shop, collector) = traced_shop().await;
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let request = shop.request(Method::GET, "/api/v1/products");
    request.header("traceparent", format!("00-{trace}-{parent}-01")).send().await.unwrap();
    let id = hex::decode(trace).unwrap();
    eventually("the request", async || !collector.trace(&id).is_empty()).await;
    let parents = collector.trace(&id).into_iter().filter(|span| span.name == "GET /api/v1/products");
    assert_eq!(parents.map(|span| span.parent_span_id).collect::<Vec<_>>(), [hex::decode(parent).unwrap()]);
    assert!(shop.log().contains(&format!("correlation_id={trace}")));
}

#[tokio::test]
async fn what_seq_collects_is_told_by_fields() {
    let shop = Shop::open_in(vec![("SOUK_LOG_FORMAT", "clef".to_owned())], &[]).await;
    let request = shop.request(Method::GET, "/api/v1/products");
    request.header("X-Correlation-Id", CLICK).send().await.unwrap();
    let lines = || shop.log().lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect::<Vec<_>>();
    let is_answer = |line: &Value| line["@m"] == "answered" && line["correlation_id"] == CLICK;
    eventually("the line of the request", async || lines().iter().any(is_answer)).await;
    let answer = lines().into_iter().find(is_answer).unwrap();
    let told = [&answer["@l"], &answer["route"], &answer["status"]];
    assert_eq!(told, [&json!("Information"), &json!("/api/v1/products"), &json!(200)]);
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nobody_up() {
    let environment = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9".to_owned())];
    let mut shop = Shop::open_in(environment, &[]).await;
    shop.get("/api/v1/products").await.expect(200);
    assert!(shop.stop().success());
}
