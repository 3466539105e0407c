use crate::telemetry;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use souk_domain::{Allowance, CustomerId};
use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};
use tracing::Instrument;
use tracing::field::Empty;

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
        Self::present().unwrap_or_else(|| Self::new(None))
    }

    /// The context of the request that the present task answers.
    pub(crate) fn present() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// The context of a wish that nobody gave a correlation id.
    pub fn new(request_id: Option<String>) -> Self {
        Self::from_headers(&HeaderMap::new(), request_id.as_deref())
    }

    /// `request_id` is Lambda's, so that its own log lines are found by it.
    fn from_headers(headers: &HeaderMap, request_id: Option<&str>) -> Self {
        let request_id = request_id.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        let correlation_id = headers.get("x-correlation-id").and_then(|value| value.to_str().ok());
        // Bounded, since it travels through events and messages.
        let correlation_id = correlation_id.filter(|id| (1..=128).contains(&id.len())).map(str::to_owned);
        let of_trace = || telemetry::continues(headers).map(|parent| parent.trace_id().to_string());
        let correlation_id = correlation_id.or_else(of_trace).unwrap_or_else(|| request_id.clone());
        Self { correlation_id, request_id }
    }

    /// Does something as a part of the wish that this is the context of.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Begins a span that may belong to the trace of this wish.
    pub(crate) fn begin(self, span: &tracing::Span) {
        CURRENT.sync_scope(self, || span.in_scope(|| ()));
    }
}

/// Notes who it is whose request is answered, for the log.
pub(crate) fn note_caller(caller: CustomerId) {
    tracing::Span::current().record("caller", tracing::field::display(caller));
}

/// Gives each request its ids, logs one line when it is answered, measures it, and names the request in the answer.
pub(crate) async fn with_context(request: Request, next: Next) -> Response {
    let lambda = request.extensions().get::<lambda_runtime::Context>();
    let context = RequestContext::from_headers(request.headers(), lambda.map(|lambda| lambda.request_id.as_str()));
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    // Of the level of errors, so that no line is without it whatever the log is told to leave out.
    let span = tracing::error_span!(
        "request",
        request_id = %context.request_id,
        correlation_id = %context.correlation_id,
        caller = Empty,
        otel.name = Empty,
        otel.kind = Empty,
    );
    telemetry::describe_span(&span, &format_args!("{method} {route}"), "server");
    if let Some(parent) = telemetry::continues(request.headers()) {
        telemetry::link_to(&span, parent, &context.correlation_id);
    }
    let id = context.request_id.parse().ok();
    let is_somebodys = request.headers().contains_key(AUTHORIZATION);
    let started = Instant::now();
    let answer = async {
        let mut response = next.run(request).await;
        let (status, took) = (response.status().as_u16(), started.elapsed());
        tracing::info!(%method, route, status, duration_ms = telemetry::in_ms(took), "answered");
        telemetry::metrics::measure_request(&method, &route, took);
        if response.status().is_server_error() {
            telemetry::fail(&tracing::Span::current(), response.status().as_str());
        }
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
    context.scope(ALLOWANCE.scope(Cell::new(None), answer.instrument(span))).await
}
