//! HTTP: who asks, what for, and the answer in Stripe's form.

use crate::failure::Failure;
use crate::form::Form;
use crate::once::{Answer, Claim};
use crate::{Sandbox, books, intents, pages, refunds};
use aws_lc_rs::constant_time;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde_json::Value;

/// The largest body; Stripe's parameters are small.
const BODY: usize = 64 * 1024;

pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/v1/payment_intents", post(create_intent))
        .route("/v1/payment_intents/search", get(search_intents))
        .route("/v1/payment_intents/{id}", get(show_intent))
        .route("/v1/payment_intents/{id}/capture", post(capture_intent))
        .route("/v1/payment_intents/{id}/cancel", post(cancel_intent))
        .route("/v1/refunds", post(create_refund).get(list_refunds))
        .route("/books", get(show_books))
        .route("/", get(pages::latest))
        .route("/3ds/{id}", get(pages::challenge).post(pages::decide))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(sandbox)
}

async fn create_intent(State(sandbox): State<Sandbox>, asked: Asked) -> Result<Response, Failure> {
    let (form, claim) = asked.wish(&intents::CREATE)?;
    let answer = sandbox.wish(claim, move |tables, key| intents::create(tables, &form, key, &asked.host)).await;
    Ok(told(&sandbox, answer).await)
}

async fn capture_intent(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Failure> {
    let (form, claim) = asked.wish(&intents::CAPTURE)?;
    let answer = sandbox.wish(claim, move |tables, _| intents::capture(tables, &id, &form)).await;
    Ok(told(&sandbox, answer).await)
}

async fn cancel_intent(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Failure> {
    let (_, claim) = asked.wish(&intents::CANCEL)?;
    let answer = sandbox.wish(claim, move |tables, _| intents::cancel(tables, &id)).await;
    Ok(told(&sandbox, answer).await)
}

async fn create_refund(State(sandbox): State<Sandbox>, asked: Asked) -> Result<Response, Failure> {
    let (form, claim) = asked.wish(&refunds::CREATE)?;
    let answer = sandbox.wish(claim, move |tables, _| refunds::create(tables, &form)).await;
    Ok(told(&sandbox, answer).await)
}

async fn show_intent(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Json<Value>, Failure> {
    let form = Form::parse(&asked.text, &intents::SHOW)?;
    sandbox.work(move |tables| intents::show(tables, &id, &form)).await.map(Json)
}

async fn search_intents(State(sandbox): State<Sandbox>, asked: Asked) -> Result<Json<Value>, Failure> {
    let form = Form::parse(&asked.text, &intents::SEARCH)?;
    sandbox.work(move |tables| intents::search(tables, &form)).await.map(Json)
}

async fn list_refunds(State(sandbox): State<Sandbox>, asked: Asked) -> Result<Json<Value>, Failure> {
    let form = Form::parse(&asked.text, &refunds::LIST)?;
    sandbox.work(move |tables| refunds::list(tables, &form)).await.map(Json)
}

async fn show_books(State(sandbox): State<Sandbox>, asked: Asked) -> Result<Json<Value>, Failure> {
    let form = Form::parse(&asked.text, &books::SHOW)?;
    sandbox.work(move |tables| books::show(tables, &form)).await.map(Json)
}

async fn no_route(method: Method, uri: Uri) -> Failure {
    Failure::no_route(method.as_str(), uri.path())
}

/// Who holds the secret key asks for something.
struct Asked {
    path: String,
    /// The parameters: the body, or the query of a question.
    text: Bytes,
    key: Option<String>,
    /// Where the sandbox was reached, so that a browser reaches it, too.
    host: String,
}

impl Asked {
    fn wish(&self, known: &[&str]) -> Result<(Form, Option<Claim>), Failure> {
        let form = Form::parse(&self.text, known)?;
        let claim = self.key.clone().map(|key| Claim::new(key, &self.path, &form));
        Ok((form, claim))
    }
}

impl FromRequest<Sandbox> for Asked {
    type Rejection = Failure;

    async fn from_request(request: Request, sandbox: &Sandbox) -> Result<Self, Failure> {
        if !is_authorised(sandbox, request.headers()) {
            return Err(Failure::unauthorised());
        }
        let path = request.uri().path().to_owned();
        let key = text(request.headers(), "idempotency-key").map(str::to_owned);
        let host = text(request.headers(), header::HOST.as_str()).ok_or_else(Failure::unreadable)?.to_owned();
        let text = match *request.method() {
            Method::GET => Bytes::copy_from_slice(request.uri().query().unwrap_or_default().as_bytes()),
            _ => Bytes::from_request(request, sandbox).await.map_err(|_| Failure::unreadable())?,
        };
        Ok(Self { path, text, key, host })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_authorised(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    let shown = text(headers, header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let secret = sandbox.settings().secret_key.expose_secret();
    shown.is_some_and(|shown| constant_time::verify_slices_are_equal(shown.as_bytes(), secret.as_bytes()).is_ok())
}

/// Answers now, or when the client has given up.
async fn told(sandbox: &Sandbox, answer: Answer) -> Response {
    if answer.is_held {
        tokio::time::sleep(sandbox.settings().hold).await;
    }
    let mut response = Response::new(answer.body.into());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if answer.is_replayed {
        response.headers_mut().insert("idempotent-replayed", header::HeaderValue::from_static("true"));
    }
    response
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}
