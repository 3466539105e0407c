//! `GET /api/v1/audit-entries`: who did what to whom. For admins.

use crate::Customers;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{AuditEntry, AuditQuery, CustomerId};
use souk_lambda::{
    Admin, ApiError, Cursor, Envelope, QueryFailures, Question, Reply, StaffFailures, read_limit, router,
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

/// Which lines.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// What this person did.
    actor: Option<CustomerId>,
    /// What was done to this person, or to this webhook.
    subject: Option<CustomerId>,
    /// Lines a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// `metadata.nextCursor` of the page before.
    cursor: Option<String>,
}

/// Read the audit log
///
/// Who did what to whom, in pages. It only grows, and holds ids, never names. For admins.
#[utoipa::path(
    get,
    path = "/api/v1/audit-entries",
    tag = "customers",
    security(("token" = [])),
    params(Asked),
    responses(
        (status = 200, description = "A page of the audit log, newest first", body = Envelope<Vec<AuditEntry>>),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_audit_entries(
    State(shop): State<Customers>,
    Admin(_caller): Admin,
    Question(asked): Question<Asked>,
) -> Result<Reply<Vec<AuditEntry>>, ApiError> {
    let query = AuditQuery {
        actor: asked.actor,
        subject: asked.subject,
        limit: read_limit(asked.limit)?,
        after: asked.cursor.as_deref().map(Cursor::read).transpose()?,
    };
    let page = shop.customers.audit_entries(query).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(list_audit_entries)
}
