use crate::telemetry::{flush_telemetry, metrics};
use crate::{ApiError, Batch, BatchResponse, context, deliver};
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use http_body_util::BodyExt;
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::future::Future;
use std::panic::PanicHookInfo;
use std::time::{Instant, SystemTime};
use tower::Service;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use utoipa_axum::router::OpenApiRouter;

/// What a function's `main` gives back.
pub type Served = Result<(), lambda_runtime::Error>;

/// Puts around a router what every HTTP function has: request ids, one log line a request, answers in the one form for
/// unknown routes and panics.
pub fn wrap(router: Router) -> Router {
    router
        .fallback(|| async { ApiError::not_found("route") })
        .method_not_allowed_fallback(|| async {
            let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
            ApiError::new(status, "method_not_allowed", "this route does not know the method")
        })
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(middleware::from_fn(context::with_context))
}

fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".to_owned());
    ApiError::internal(&format!("panic: {text}")).into_response().map(|body| axum::body::Body::new(body.boxed_unsync()))
}

/// Serves an HTTP function on Lambda.
///
/// # Errors
/// When the Lambda runtime API cannot be reached.
pub async fn serve_http(router: OpenApiRouter) -> Served {
    let (router, _) = router.split_for_parts();
    serve(lambda_http::Adapter::from(wrap(router))).await
}

/// Serves a function that takes events on Lambda.
///
/// # Errors
/// When the Lambda runtime API cannot be reached.
pub async fn serve_event<E, R, F>(handle: impl Fn(E) -> F) -> Served
where
    E: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R, souk_domain::Error>>,
{
    serve_invocation(|invocation| handle(invocation.payload)).await
}

/// Serves a consumer of events on Lambda.
///
/// # Errors
/// When the Lambda runtime API cannot be reached.
pub async fn serve_consumer<F>(function: &str, handle: impl Fn(Batch) -> F) -> Served
where
    F: Future<Output = Result<BatchResponse, souk_domain::Error>>,
{
    serve_event(|batch| deliver(function, batch, &handle)).await
}

/// What a schedule sends; nothing in it matters.
#[derive(Debug, serde::Deserialize)]
pub struct Tick {}

/// One invocation, for functions that look at more than its payload.
pub struct Invocation<E> {
    /// What was sent.
    pub payload: E,
    /// Lambda's id of the invocation.
    pub id: String,
    /// When Lambda ends it.
    pub deadline: Instant,
}

/// Serves a function that looks at its own invocation on Lambda.
///
/// # Errors
/// When the Lambda runtime API cannot be reached.
pub async fn serve_invocation<E, R, F>(handle: impl Fn(Invocation<E>) -> F) -> Served
where
    E: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R, souk_domain::Error>>,
{
    serve(lambda_runtime::service_fn(|event: LambdaEvent<E>| {
        let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let (id, deadline) = (event.context.request_id, Instant::now() + left);
        let span = tracing::error_span!("invocation", request_id = id);
        let answer = handle(Invocation { payload: event.payload, id, deadline });
        async { logged(answer.await).map_err(lambda_runtime::Error::from) }.instrument(span)
    }))
    .await
}

/// One log line for an invocation; Lambda's own line of the same request id tells how long it took and how much memory.
fn logged<R>(answer: Result<R, souk_domain::Error>) -> Result<R, souk_domain::Error> {
    match &answer {
        Ok(_) => tracing::info!("invoked"),
        Err(error) => tracing::error!(%error, "the invocation failed"),
    }
    answer
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place, text = panic.payload_as_str(), "panic");
}

/// Runs a function on Lambda: counts its cold start, and sends what it told about itself once each answer is on its way.
async fn serve<S, E, R>(function: S) -> Served
where
    S: Service<LambdaEvent<E>, Response = R>,
    S::Future: Future<Output = Result<R, S::Error>>,
    S::Error: Into<lambda_runtime::Diagnostic> + std::fmt::Debug,
    E: DeserializeOwned,
    R: Serialize,
{
    // Functions are built to end with a panic (Cargo.toml); this line says of which request it was.
    std::panic::set_hook(Box::new(log_panic));
    metrics::start();
    if let Ok(function) = std::env::var("AWS_LAMBDA_FUNCTION_NAME") {
        metrics::count_as(metrics::COLD_STARTS, "Function", &function);
    }
    let flushing = tower::util::MapFutureLayer::new(|answering| async {
        let answered = answering.await;
        flush_telemetry().await;
        answered
    });
    lambda_runtime::Runtime::new(function).layer(flushing).run().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::heard;

    /// Whoever invoked a function knows by this text whether a part was away (`shared/aws/src/invoker.rs`).
    #[test]
    fn the_error_of_a_function_is_reported_by_its_text() {
        let error = souk_domain::Error::Unavailable("no store".to_owned());
        let reported = lambda_runtime::Diagnostic::from(lambda_runtime::Error::from(error));
        let reported = serde_json::to_value(&reported).expect("JSON");
        assert_eq!(reported["errorMessage"], "unavailable: no store");
    }

    #[test]
    fn a_panic_is_a_line_of_the_request_at_hand() {
        heard::listen();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let request = tracing::info_span!("request", request_id = "r-1").entered();
        assert!(std::panic::catch_unwind(|| panic!("no such thing")).is_err());
        drop(request);
        std::panic::set_hook(usual);
        let [line] = &heard::lines()[..] else { panic!("one line") };
        assert_eq!((&line["message"], &line["text"]), (&"panic".into(), &"no such thing".into()), "{line}");
        assert_eq!(line["span"]["request_id"], "r-1");
        assert!(line["place"].as_str().is_some_and(|place| place.contains("serve.rs:")), "{line}");
    }
}
