use crate::{ErrorItem, RequestContext};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use souk_domain::{Committed, Facet, Version};
use utoipa::ToSchema;

/// The form of every successful answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// What was asked for.
    pub data: T,
    /// Empty in a successful answer.
    #[schema(example = json!([]))]
    pub errors: Vec<ErrorItem>,
    /// About the answer.
    pub metadata: Metadata,
}

/// The form of every successful answer without data, for the OpenAPI document: what `Reply<()>` writes.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by the derive only")]
pub struct Done {
    /// Always null.
    #[schema(value_type = Option<Object>)]
    data: (),
    /// Empty in a successful answer.
    #[schema(example = json!([]))]
    errors: Vec<ErrorItem>,
    /// About the answer.
    metadata: Metadata,
}

/// The form of every answer that tells of a failure.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// Always null.
    #[schema(value_type = Option<Object>)]
    pub data: (),
    /// What is wrong; at least one.
    pub errors: Vec<ErrorItem>,
    /// About the answer.
    pub metadata: Metadata,
}

/// About an answer.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "requestId": "018bcfe5-6418-75e8-ac17-3f60d9b2847e" }))]
pub struct Metadata {
    /// Quote it when you ask for help. A replayed answer has the id of the first request.
    pub request_id: String,
    /// Where the next page of a list starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Counts by category, when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<Vec<Facet>>,
}

/// A successful answer.
#[derive(Debug)]
pub struct Reply<T> {
    status: StatusCode,
    data: T,
    next_cursor: Option<String>,
    facets: Option<Vec<Facet>>,
    headers: Vec<(HeaderName, String)>,
    first_request: Option<String>,
}

impl<T> Reply<T> {
    /// 200 with `data`.
    pub fn ok(data: T) -> Self {
        let (headers, next_cursor, facets, first_request) = (Vec::new(), None, None, None);
        Self { status: StatusCode::OK, data, next_cursor, facets, headers, first_request }
    }

    /// 200 with the result of a command, marked when it is replayed.
    pub fn committed(committed: Committed<T>) -> Self {
        let reply = Self::ok(committed.value).replayed(committed.replayed.is_some());
        Self { first_request: committed.replayed, ..reply }
    }

    /// Marked as the answer to a repetition.
    pub fn replayed(mut self, is_replayed: bool) -> Self {
        if is_replayed {
            self.headers.push((HeaderName::from_static("idempotent-replayed"), "true".to_owned()));
        }
        self
    }

    /// 201 instead of 200, with the new resource's address.
    pub fn created(mut self, location: String) -> Self {
        self.status = StatusCode::CREATED;
        self.headers.push((header::LOCATION, location));
        self
    }

    /// 202 instead of 200: it will happen, and the answer does not say what.
    pub fn accepted(self) -> Self {
        self.status(StatusCode::ACCEPTED)
    }

    /// With another status than 200.
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With the version that `If-Match` wants back.
    pub fn version(mut self, version: Version) -> Self {
        self.headers.push((header::ETAG, format!("\"{version}\"")));
        self
    }

    /// With the way to the next page.
    pub fn next(self, next_cursor: Option<String>) -> Self {
        Self { next_cursor, ..self }
    }

    /// With counts by category.
    pub fn facets(self, facets: Option<Vec<Facet>>) -> Self {
        Self { facets, ..self }
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let request_id = self.first_request.unwrap_or_else(|| RequestContext::current().request_id);
        let metadata = Metadata { request_id, next_cursor: self.next_cursor, facets: self.facets };
        let envelope = Envelope { data: self.data, errors: Vec::new(), metadata };
        let mut response = (self.status, axum::Json(envelope)).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
