//! `$default`: a message that names no action we know. `{"action":"ping"}` keeps a connection from being idle.

use crate::socket::{SocketReply, SocketRequest};
use serde_json::Value;
use souk_domain::Error;
use souk_lambda::ApiError;

/// Handles the message.
///
/// # Errors
/// None; the signature is that of every function.
pub async fn handle(request: SocketRequest) -> Result<SocketReply, Error> {
    let sent: Option<Value> = request.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    if sent.as_ref().is_some_and(|sent| sent["action"] == "ping") {
        return Ok(SocketReply { status_code: 200, body: Some(r#"{"type":"Pong"}"#.to_owned()) });
    }
    let text = "send JSON with an action: subscribe, unsubscribe or ping";
    Ok(SocketReply::refuse(400, &ApiError::malformed("malformed_body", text), &request))
}
