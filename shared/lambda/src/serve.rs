use crate::{ApiError, context};
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::future::Future;
use std::time::{Instant, SystemTime};
use tower_http::catch_panic::CatchPanicLayer;
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
    lambda_http::run(wrap(router)).await
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
    let service = lambda_runtime::service_fn(|event: lambda_runtime::LambdaEvent<E>| {
        let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let (id, deadline) = (event.context.request_id, Instant::now() + left);
        let answer = handle(Invocation { payload: event.payload, id, deadline });
        async { answer.await.map_err(lambda_runtime::Error::from) }
    });
    lambda_runtime::run(service).await
}

/// The driver logs what SQL Server says of a broken constraint, with the values in it; the store logs it without.
const QUIET: &str = "tiberius::tds=off";

/// Starts logging to standard error: JSON on Lambda, for people elsewhere. `SOUK_LOG` chooses what (as `RUST_LOG` does),
/// else `default`.
pub fn start_logging(default: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("SOUK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    #[allow(clippy::expect_used, reason = "a constant")]
    let filter = filter.add_directive(QUIET.parse().expect("a directive"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some() {
        builder.json().flatten_event(true).without_time().try_init()
    } else {
        builder.try_init()
    };
    // Started before, by a test of the same process.
    drop(started);
}
