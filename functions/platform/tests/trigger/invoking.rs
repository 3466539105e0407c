//! Invocations over HTTP, in the protocol of AWS Lambda and of `cargo lambda watch`.

use crate::server::Server;
use crate::{FUNCTION, eventually, pending, publish, source};
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use souk_aws::{AwsSettings, LambdaInvoker};
use souk_domain::Error;
use souk_domain::ports::{DeadLetters, EventStream, Invoker, LetterOrder, StreamEntry};
use souk_platform::Trigger;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the functions behind an endpoint do, given the name and the payload.
type Functions = dyn Fn(&str, Value) -> Response + Send + Sync;

/// A server that speaks the invoke API.
async fn endpoint(functions: impl Fn(&str, Value) -> Response + Send + Sync + 'static) -> String {
    let functions: Arc<Functions> = Arc::new(functions);
    let invoke = move |Path(name): Path<String>, body: String| async move {
        functions(&name, serde_json::from_str(&body).unwrap())
    };
    let router = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn invoker(url: &str) -> LambdaInvoker {
    LambdaInvoker::new(&AwsSettings::local(), Some(url), "souk-")
}

fn crashed(error: &str) -> Response {
    let headers =
        HeaderMap::from_iter([("x-amz-function-error".parse().unwrap(), HeaderValue::from_static("Unhandled"))]);
    (StatusCode::OK, headers, json!({ "errorType": "Crash", "errorMessage": error }).to_string()).into_response()
}

fn refused(status: u16, kind: &'static str) -> Response {
    let headers = HeaderMap::from_iter([("x-amzn-errortype".parse().unwrap(), HeaderValue::from_static(kind))]);
    let status = StatusCode::from_u16(status).unwrap();
    (status, headers, json!({ "Type": "User", "message": "Rate exceeded" }).to_string()).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_invoked_by_its_name_in_the_account_and_its_answer_comes_back() {
    let url = endpoint(|name, payload| json!({ "name": name, "payload": payload }).to_string().into_response()).await;
    let answer = invoker(&url).await.invoke("send-mail", r#"{"records":[]}"#.to_owned()).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer, json!({ "name": "souk-send-mail", "payload": { "records": [] } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_crashed_is_told_from_an_endpoint_that_is_away() {
    let url = endpoint(|name, _| match name {
        "souk-crashes" => crashed("a bug"),
        "souk-lacks-its-store" => crashed(&Error::Unavailable("the store does not answer".to_owned()).to_string()),
        "souk-is-throttled" => refused(429, "TooManyRequestsException"),
        "souk-is-broken" => refused(500, "ServiceException"),
        _ => refused(502, "BadGateway"),
    })
    .await;
    let invoker = invoker(&url).await;
    let failure = async |name: &str| invoker.invoke(name, "{}".to_owned()).await.unwrap_err();
    match failure("crashes").await {
        Error::Internal(text) => assert!(text.contains("Unhandled") && text.contains("a bug"), "{text}"),
        other => panic!("{other:?}"),
    }
    for name in ["lacks-its-store", "is-throttled", "is-broken", "has-no-gateway"] {
        let failure = failure(name).await;
        assert!(matches!(&failure, Error::Unavailable(text) if text.contains(name)), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_cannot_be_reached_or_does_not_answer_is_away() {
    let closed = format!("http://127.0.0.1:{}", crate::server::free_port());
    let silent = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    for url in [closed, silent_url] {
        let invoker = invoker(&url).await.waiting(Duration::from_millis(500));
        let failure = invoker.invoke("send-mail", "{}".to_owned()).await.unwrap_err();
        assert!(matches!(failure, Error::Unavailable(_)), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_invokes_over_http_keeps_the_same_contract() {
    let server = Server::start();
    let (calls, handled) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (counted, noted) = (calls.clone(), handled.clone());
    let url = endpoint(move |name, payload| {
        assert_eq!(name, format!("souk-{FUNCTION}"));
        let records = payload["records"].as_array().unwrap().clone();
        let versions: Vec<i64> =
            records.iter().map(|record| record["event"]["aggregateversion"].as_i64().unwrap()).collect();
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            return refused(429, "TooManyRequestsException");
        }
        if versions.contains(&13) {
            return crashed("choked on 13");
        }
        let is_early = |record: &&Value| record["event"]["aggregateversion"] == 20 && record["deliveries"] == 1;
        let failed = records.iter().filter(is_early).map(|record| json!({ "itemIdentifier": record["entryId"] }));
        let failed: Vec<Value> = failed.collect();
        noted.lock().unwrap().extend(versions.into_iter().filter(|version| failed.is_empty() || *version != 20));
        json!({ "batchItemFailures": failed }).to_string().into_response()
    })
    .await;
    publish(&server, 1..=30).await;
    let at_once = Duration::from_millis(2);
    let stream: Arc<dyn EventStream> = Arc::new(server.stream().retrying_after(at_once));
    let trigger = Trigger::new(&source(100), "r", stream, Arc::new(invoker(&url).await)).retrying_after(at_once);
    let running = tokio::spawn(async move { trigger.run(None).await });
    let letters = async || {
        let limit = souk_domain::Limit::new(100).unwrap();
        server.link().letters(FUNCTION, LetterOrder::OldestFirst, limit, None).await.unwrap().items
    };
    eventually("one is buried", async || letters().await.len() == 1 && pending(&server, None).await == 0).await;
    running.abort();
    let [letter] = letters().await.try_into().unwrap();
    assert_eq!(letter.entry.deliveries, StreamEntry::MAX_DELIVERIES);
    assert!(letter.error.contains("choked on 13"), "{}", letter.error);
    let mut handled = handled.lock().unwrap().clone();
    handled.sort_unstable();
    assert_eq!(handled, (1..=30).filter(|version| *version != 13).collect::<Vec<_>>());
}
