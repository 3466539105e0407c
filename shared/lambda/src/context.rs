use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use souk_domain::Allowance;
use std::cell::Cell;
use std::time::Duration;
use tracing::Instrument;

/// What identifies the request that is being answered.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Of this request; in every answer and log line.
    pub request_id: String,
    /// Of the wish behind it: the client's `X-Correlation-Id`, else the request id.
    pub correlation_id: String,
}

tokio::task_local! {
    static CURRENT: RequestContext;
    static ALLOWANCE: Cell<Option<Allowance>>;
}

/// Remembers what the answer's `RateLimit-*` headers will say.
pub(crate) fn note_allowance(allowance: Allowance) {
    // Outside of a request nobody reads them.
    let _ = ALLOWANCE.try_with(|noted| noted.set(Some(allowance)));
}

/// Whole seconds, rounded up: who waits so long is let in.
pub(crate) fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Headers of draft-ietf-httpapi-ratelimit-headers-06; times are in seconds.
fn add_allowance(response: &mut Response) {
    let Ok(Some(allowance)) = ALLOWANCE.try_with(Cell::get) else { return };
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", allowance.limit.into());
    headers.insert("ratelimit-remaining", allowance.remaining.into());
    headers.insert("ratelimit-reset", seconds(allowance.reset).into());
}

impl RequestContext {
    /// The context of the request that the present task answers; a new one outside of a request.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_else(|_| Self::from_headers(&HeaderMap::new()))
    }

    fn from_headers(headers: &HeaderMap) -> Self {
        let request_id = uuid::Uuid::now_v7().to_string();
        let correlation_id = headers.get("x-correlation-id").and_then(|value| value.to_str().ok());
        // Bounded, since it travels through events and messages.
        let correlation_id = correlation_id.filter(|id| (1..=128).contains(&id.len()));
        Self { correlation_id: correlation_id.unwrap_or(&request_id).to_owned(), request_id }
    }
}

/// Gives each request its ids, logs one line when it is answered and names the request in the answer.
pub(crate) async fn with_context(request: Request, next: Next) -> Response {
    let context = RequestContext::from_headers(request.headers());
    let span = tracing::info_span!("request", id = %context.request_id, correlation = %context.correlation_id);
    let id = context.request_id.parse().ok();
    let method = request.method().clone();
    let is_somebodys = request.headers().contains_key(AUTHORIZATION);
    let route = request.extensions().get::<axum::extract::MatchedPath>().cloned();
    let started = std::time::Instant::now();
    let answer = async {
        let mut response = next.run(request).await;
        let route = route.as_ref().map_or("unknown", |route| route.as_str());
        let (status, micros) = (response.status().as_u16(), started.elapsed().as_micros() as u64);
        tracing::info!(%method, route, status, micros, "answered");
        if let Some(id) = id {
            response.headers_mut().insert("x-request-id", id);
        }
        add_allowance(&mut response);
        if is_somebodys {
            // Not for whoever uses the browser or the proxy next.
            response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
        response
    };
    CURRENT.scope(context, ALLOWANCE.scope(Cell::new(None), answer.instrument(span))).await
}
