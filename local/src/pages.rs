//! Pages of this process that no function serves: what mail was sent, where its links lead, and where buyers come back to from a
//! challenge.

use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use souk_lambda::ApiError;
use souk_mail::FolderMailer;
use std::sync::Arc;

/// Most mails that are shown.
const SHOWN: usize = 50;

/// Which mails.
#[derive(Deserialize)]
struct Asked {
    to: Option<String>,
}

/// The page of links, and the one of mail where mail goes into a folder.
pub(crate) fn router(mail: Option<FolderMailer>) -> Router {
    let pages = Router::new()
        .route("/account", get(|| async { Html(include_str!("account.html")) }))
        .route("/payment", get(back_from_challenge));
    let Some(mail) = mail else { return pages };
    let mails = Router::new()
        .route("/mail", get(|| async { Html(include_str!("mail.html")) }))
        .route("/mail.json", get(sent))
        .with_state(Arc::new(mail));
    pages.merge(mails)
}

/// How a payment provider says that a challenge went. The order knows better, and may know later.
#[derive(Deserialize)]
struct Back {
    redirect_status: Option<String>,
}

async fn back_from_challenge(Query(back): Query<Back>) -> Html<String> {
    let text = match back.redirect_status.as_deref() {
        Some("succeeded") => "Thank you. Your payment went through.",
        Some("failed") => "Your payment did not go through. You can try another way to pay.",
        _ => "Your payment is on its way. The order will tell.",
    };
    Html(include_str!("payment.html").replace("{text}", text))
}

async fn sent(
    State(mail): State<Arc<FolderMailer>>,
    Query(asked): Query<Asked>,
) -> Result<impl IntoResponse, ApiError> {
    Ok(Json(mail.sent(asked.to.as_deref(), SHOWN).await?))
}
