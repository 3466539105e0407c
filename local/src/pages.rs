//! Pages of this process that no function serves: what mail was sent, and where its links lead.

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
    let pages = Router::new().route("/account", get(|| async { Html(include_str!("account.html")) }));
    let Some(mail) = mail else { return pages };
    let mails = Router::new()
        .route("/mail", get(|| async { Html(include_str!("mail.html")) }))
        .route("/mail.json", get(sent))
        .with_state(Arc::new(mail));
    pages.merge(mails)
}

async fn sent(
    State(mail): State<Arc<FolderMailer>>,
    Query(asked): Query<Asked>,
) -> Result<impl IntoResponse, ApiError> {
    Ok(Json(mail.sent(asked.to.as_deref(), SHOWN).await?))
}
