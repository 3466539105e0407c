//! The events that API Gateway sends for a WebSocket API and the answers it takes.

use crate::messages::{Answer, TopicRequest};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use souk_domain::realtime::ConnectionId;
use souk_domain::realtime::Topic;
use souk_domain::{DateTime, Error};
use souk_lambda::{ApiError, RequestContext, describe_span, in_ms};
use std::future::Future;
use std::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

/// How long API Gateway keeps a connection at most: rows of the table live no longer.
const LONGEST_CONNECTION: chrono::Duration = chrono::Duration::hours(2);

/// An event of a WebSocket API.
pub type SocketRequest = ApiGatewayWebsocketProxyRequest;

/// What a WebSocket function answers. On `$connect` the status decides; elsewhere the body goes to the browser.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketReply {
    /// As in HTTP.
    pub status_code: u16,
    /// A message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl SocketReply {
    /// Nothing to say.
    pub(crate) fn ok() -> Self {
        Self { status_code: 200, body: None }
    }

    /// Words of another protocol than plain JSON.
    pub(crate) fn text(body: String) -> Self {
        Self { status_code: 200, body: Some(body) }
    }

    /// A message to the browser that sent one, with its `requestId`.
    pub(crate) fn say(answer: &Answer<'_>, request: &SocketRequest) -> Self {
        Self::with_request_id(200, answer, request)
    }

    /// A refusal: the same error items as over HTTP.
    pub(crate) fn refuse(error: &ApiError, request: &SocketRequest) -> Self {
        Self::with_request_id(error.status().as_u16(), &Answer::Error { errors: error.errors() }, request)
    }

    fn with_request_id(status_code: u16, answer: &Answer<'_>, request: &SocketRequest) -> Self {
        let mut message = json!(answer);
        let sent: Option<Value> = request.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        if let Some(id) =
            sent.as_ref().and_then(|sent| sent.get("requestId")).filter(|id| id.is_string() || id.is_number())
        {
            message["requestId"] = id.clone();
        }
        Self { status_code, body: Some(message.to_string()) }
    }
}

/// Has a WebSocket function handle an event, with one log line that says whose connection it was.
///
/// # Errors
/// Those of the function.
pub async fn attend<F>(
    function: &str,
    request: SocketRequest,
    handle: impl FnOnce(SocketRequest) -> F,
) -> Result<SocketReply, Error>
where
    F: Future<Output = Result<SocketReply, Error>>,
{
    let context = RequestContext::new(request.request_context.request_id.clone());
    let (connection, started) = (request.request_context.connection_id.clone(), Instant::now());
    let span = tracing::error_span!(
        "message",
        function,
        connection,
        request_id = %context.request_id,
        caller = Empty,
        otel.name = Empty,
        otel.kind = Empty,
    );
    describe_span(&span, &function, "server");
    let attended = context.scope(handle(request).instrument(span.clone())).await;
    span.in_scope(|| match &attended {
        Ok(SocketReply { status_code: status, .. }) => {
            tracing::info!(status, duration_ms = in_ms(started.elapsed()), "answered");
        }
        Err(error) => tracing::error!(%error, "a WebSocket function failed"),
    });
    attended
}

/// The connection that an event is about.
pub(crate) fn connection(request: &SocketRequest) -> Result<ConnectionId, Error> {
    let id = request.request_context.connection_id.clone();
    id.map(ConnectionId).ok_or_else(|| Error::Internal("an event without a connection id".to_owned()))
}

/// The topic that a message names, and what was heard of it last.
pub(crate) fn topic(request: &SocketRequest) -> Result<TopicRequest, ApiError> {
    let sent: Value = serde_json::from_str(request.body.as_deref().unwrap_or_default()).unwrap_or_default();
    let topic = Topic::deserialize(&sent["topic"]).map_err(|_| {
        let text = "a topic is product/{id}, catalog, order/{id}, customer/{id} or admin";
        ApiError::invalid("invalid_id", text).field("topic")
    })?;
    let after = Option::deserialize(&sent["after"]).map_err(|_| unknown_sequence())?;
    Ok(TopicRequest { topic, after })
}

/// What was said to be heard last is no number of news.
pub(crate) fn unknown_sequence() -> ApiError {
    ApiError::invalid("invalid_request", "after is the sequence of the news that were heard last").field("after")
}

/// When whatever is written now about a connection may be forgotten.
pub(crate) fn expiry() -> DateTime {
    souk_domain::now() + LONGEST_CONNECTION
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> SocketRequest {
        let context = json!({ "connectionId": "c1", "connectedAt": 0, "requestTimeEpoch": 0 });
        serde_json::from_value(json!({ "requestContext": context, "body": body })).expect("a request")
    }

    #[test]
    fn an_answer_carries_the_id_of_its_request() {
        let reply = SocketReply::say(&Answer::Unsubscribed { topic: &Topic::Catalog }, &request(r#"{"requestId":7}"#));
        assert_eq!(reply.body.as_deref(), Some(r#"{"requestId":7,"topic":"catalog","type":"Unsubscribed"}"#));
    }

    #[test]
    fn what_is_no_topic_or_no_number_is_refused() {
        let sent = topic(&request(r#"{"topic":"admin","after":1793700000000000}"#)).expect("a topic");
        assert_eq!((sent.topic, sent.after), (Topic::Admin, Some(1_793_700_000_000_000)));
        for body in [r#"{"topic":"admin"}"#, r#"{"topic":"admin","after":null}"#] {
            assert_eq!(topic(&request(body)).expect("a topic").after, None);
        }
        for body in ["", "{", "[]", r#"{"topic":1}"#, r#"{"topic":"x"}"#, r#"{"topic":"product/1"}"#] {
            assert_eq!(topic(&request(body)).expect_err(body).errors()[0].code, "invalid_id");
        }
        for after in ["-1", "1.5", r#""1""#, "[]"] {
            let refused = topic(&request(&format!(r#"{{"topic":"admin","after":{after}}}"#))).expect_err(after);
            assert_eq!(refused.errors()[0].field.as_deref(), Some("after"));
        }
    }
}
