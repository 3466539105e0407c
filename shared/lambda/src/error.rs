use crate::{Failure, Metadata, RequestContext};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use souk_domain::{Error, PriceChange, Shortage, Violation};
use std::time::Duration;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};
use utoipa::{PartialSchema, ToSchema};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({ "code": "invalid_sku", "message": "a SKU is 1 to 64 letters, digits or . _ / -", "field": "sku" }))]
pub struct ErrorItem {
    /// Stable word for programs.
    #[schema(value_type = ErrorCode)]
    pub code: &'static str,
    /// For a person; may change.
    pub message: String,
    /// The part of the request that is wrong, such as `lines[0].quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Facts for programs, such as what is left of a product.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<Value>,
}

/// Every code that an error can have.
pub(crate) const CODES: [&str; 86] = [
    "amount_too_large",
    "body_too_large",
    "cart_changed",
    "cart_full",
    "cart_ordered",
    "category_cycle",
    "category_has_children",
    "category_in_use",
    "category_name_taken",
    "common_password",
    "coupon_invalid",
    "coupon_minimum",
    "coupon_used_up",
    "customer_erased",
    "email_taken",
    "empty_change",
    "forbidden",
    "idempotency_key_required",
    "idempotency_key_reused",
    "insufficient_stock",
    "internal",
    "invalid_address",
    "invalid_country",
    "invalid_credentials",
    "invalid_currency",
    "invalid_cursor",
    "invalid_description",
    "invalid_email",
    "invalid_event_type",
    "invalid_id",
    "invalid_idempotency_key",
    "invalid_if_match",
    "invalid_limit",
    "invalid_link",
    "invalid_money",
    "invalid_name",
    "invalid_note",
    "invalid_order_number",
    "invalid_password",
    "invalid_payment_method",
    "invalid_pricing",
    "invalid_quantity",
    "invalid_query",
    "invalid_reason",
    "invalid_request",
    "invalid_search",
    "invalid_second_factor",
    "invalid_signature",
    "invalid_sku",
    "invalid_token",
    "invalid_tracking",
    "invalid_webhook_url",
    "malformed_body",
    "method_not_allowed",
    "not_found",
    "not_in_order",
    "nothing_to_ship",
    "order_status",
    "orders_unsent",
    "parcel_sent",
    "payment_declined",
    "payment_in_progress",
    "payment_not_captured",
    "price_changed",
    "product_discontinued",
    "refund_too_large",
    "return_status",
    "second_factor_enabled",
    "second_factor_missing",
    "second_factor_required",
    "session_ended",
    "shipping_method_required",
    "shipping_method_unavailable",
    "sku_taken",
    "stale_version",
    "stock_out_of_range",
    "too_many_notes",
    "too_many_payments",
    "too_many_requests",
    "total_changed",
    "unauthenticated",
    "unavailable",
    "unknown_category",
    "unknown_product",
    "unsupported_media_type",
    "version_required",
];

/// The schema of [`ErrorItem::code`]: every code there is.
struct ErrorCode;

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let words = CODES;
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Stable word for programs."))
            .enum_values(Some(words))
            .into()
    }
}

impl ToSchema for ErrorCode {}

/// An answer that tells of a failure. What the client reads and what the log gets are different texts.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    errors: Vec<ErrorItem>,
    headers: Vec<(HeaderName, String)>,
}

impl ApiError {
    /// One error with a status.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&code), "{code} in CODES");
        let item = ErrorItem { code, message: message.into(), field: None, details: None };
        Self { status, errors: vec![item], headers: Vec::new() }
    }

    /// 400 for a text that cannot be read.
    pub fn malformed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 400 for a value in the query that breaks a rule.
    pub fn of_query(violation: Violation) -> Self {
        Self::malformed(violation.code, violation.message)
    }

    /// 422 for a text that can be read and makes no sense.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// 401: who are you?
    pub fn unauthenticated(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message).header(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// 403: you may not.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "your role does not allow this")
    }

    /// 403: set up a second factor first.
    pub fn second_factor_required() -> Self {
        let text = "admins log in with a second factor; set one up, then refresh the session";
        Self::new(StatusCode::FORBIDDEN, "second_factor_required", text)
    }

    /// 429: come back later.
    pub fn too_many_requests(wait: Duration) -> Self {
        let seconds = crate::context::seconds(wait).max(1);
        let text = format!("too many requests; try again in {seconds} seconds");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", text)
            .header(header::RETRY_AFTER, &seconds.to_string())
    }

    /// 402: the provider will not take the payment. `code` is its word for why.
    pub fn payment_declined(code: &str) -> Self {
        let text = "the payment was declined; try another way to pay";
        Self::new(StatusCode::PAYMENT_REQUIRED, "payment_declined", text).details(json!({ "reason": code }))
    }

    /// 404: there is no such thing, or it is not yours.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// 500. `log` goes to the log only.
    pub fn internal(log: &str) -> Self {
        tracing::error!(error = log, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    }

    /// 503. `log` goes to the log only.
    pub fn unavailable(log: &str) -> Self {
        tracing::warn!(error = log, "a part does not answer");
        let text = "a part of the shop does not answer; try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", text).header(header::RETRY_AFTER, "1")
    }

    /// Names the part of the request that is wrong.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        if let Some(item) = self.errors.first_mut() {
            item.field = Some(field.into());
        }
        self
    }

    /// Facts for programs.
    pub fn details(mut self, details: Value) -> Self {
        if let Some(item) = self.errors.first_mut() {
            item.details = Some(details);
        }
        self
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Several errors at once.
    pub fn all(status: StatusCode, errors: Vec<ErrorItem>) -> Self {
        Self { status, errors, headers: Vec::new() }
    }

    /// Its status over HTTP.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong.
    pub fn errors(&self) -> &[ErrorItem] {
        &self.errors
    }
}

fn of_products(code: &'static str, message: &str, ids: &[souk_domain::ProductId]) -> Vec<ErrorItem> {
    let item = |id: &souk_domain::ProductId| ErrorItem {
        code,
        message: message.to_owned(),
        field: Some("lines".to_owned()),
        details: Some(json!({ "productId": id })),
    };
    ids.iter().map(item).collect()
}

fn of_shortage(shortage: &Shortage) -> ErrorItem {
    let Shortage { sku, requested, available, .. } = shortage;
    ErrorItem {
        code: "insufficient_stock",
        message: format!("{available} of {sku} are left, {requested} were asked for"),
        field: Some("lines".to_owned()),
        details: Some(json!(shortage)),
    }
}

fn of_price_change(change: &PriceChange) -> ErrorItem {
    ErrorItem {
        code: "price_changed",
        message: format!("{} has another price now", change.sku),
        field: Some("lines".to_owned()),
        details: Some(json!(change)),
    }
}

impl From<Error> for ApiError {
    /// The one place where errors of the domain become HTTP.
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(violation) => violation.into(),
            Error::NotFound(what) => Self::not_found(what),
            Error::Stale { current } => {
                let text = "somebody changed it since you read it; read it again";
                let stale = Self::new(StatusCode::PRECONDITION_FAILED, "stale_version", text);
                stale.details(json!({ "currentVersion": current }))
            }
            Error::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            Error::UnknownCategory => Self::invalid("unknown_category", "there is no such category"),
            Error::UnknownProducts(ids) => {
                let errors = of_products("unknown_product", "there is no such product", &ids);
                Self::all(StatusCode::UNPROCESSABLE_ENTITY, errors)
            }
            Error::DiscontinuedProducts(ids) => {
                let errors = of_products("product_discontinued", "the product is no longer sold", &ids);
                Self::all(StatusCode::CONFLICT, errors)
            }
            Error::OfferChanged { shortages, price_changes } => {
                let errors = shortages.iter().map(of_shortage).chain(price_changes.iter().map(of_price_change));
                Self::all(StatusCode::CONFLICT, errors.collect())
            }
            Error::TotalChanged { total } => {
                let text = format!("the order costs {total} now");
                Self::new(StatusCode::CONFLICT, "total_changed", text).details(json!({ "total": total }))
            }
            Error::KeyReused => {
                Self::invalid("idempotency_key_reused", "this Idempotency-Key was sent with another request before")
            }
            Error::Unavailable(log) => Self::unavailable(&log),
            Error::Internal(log) => Self::internal(&log),
        }
    }
}

impl From<Violation> for ApiError {
    fn from(violation: Violation) -> Self {
        Self::invalid(violation.code, violation.message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let metadata = Metadata { request_id: RequestContext::current().request_id, ..Default::default() };
        let failure = Failure { data: (), errors: self.errors, metadata };
        let mut response = (self.status, axum::Json(failure)).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_domain::{ProductId, Sku};

    #[test]
    fn an_internal_text_never_reaches_the_client() {
        for error in [Error::Internal("secret".to_owned()), Error::Unavailable("secret".to_owned())] {
            assert!(!format!("{:?}", ApiError::from(error).errors).contains("secret"));
        }
    }

    #[test]
    fn every_shortage_names_its_product_and_what_is_left() {
        let shortage = |sku: &str, available| Shortage {
            product_id: ProductId::new(),
            sku: Sku::parse(sku).expect("a sku"),
            requested: 5,
            available,
        };
        let error = ApiError::from(Error::OfferChanged {
            shortages: vec![shortage("A", 3), shortage("B", 0)],
            price_changes: Vec::new(),
        });
        assert_eq!(error.status, StatusCode::CONFLICT);
        let left: Vec<_> =
            error.errors.iter().map(|item| item.details.as_ref().expect("details")["available"].clone()).collect();
        assert_eq!(left, [json!(3), json!(0)]);
    }

    #[test]
    fn the_codes_are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
