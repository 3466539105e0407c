//! `$default`: a message that no other route takes. `{"action":"ping"}` keeps a connection from being idle,
//! `{"action":"authenticate","token":…}` shows a newer access token, and who speaks SignalR comes here with everything: its
//! frames name no action.

use crate::Realtime;
use crate::hub::{self, HubReply};
use crate::messages::{Action, Answer};
use crate::signalr::{self, Malformed};
use crate::socket::{self, SocketReply, SocketRequest};
use souk_domain::Error;
use souk_domain::ports::{Delivery, Push};
use souk_domain::realtime::{Connection, ConnectionId, Protocol};
use souk_lambda::ApiError;

/// Handles the message.
///
/// # Errors
/// When the gateway will not close a connection that is to be closed.
pub async fn handle(request: SocketRequest, realtime: &Realtime, push: &dyn Push) -> Result<SocketReply, Error> {
    let id = socket::connection(&request)?;
    let message = request.body.as_deref().unwrap_or_default();
    if signalr::is_spoken_in(message) {
        return say_or_close(hub::answer(realtime, &id, message).await, &id, push).await;
    }
    match serde_json::from_str(message) {
        Ok(Action::Ping) => Ok(SocketReply::say(&Answer::Pong, &request)),
        Ok(Action::Authenticate { token }) => Ok(match realtime.authenticate(&id, &token).await {
            Ok(expires_at) => SocketReply::say(&Answer::Authenticated { expires_at }, &request),
            Err(error) => SocketReply::refuse(&error, &request),
        }),
        Err(_) => match realtime.connections.connection(&id).await? {
            Some(Connection { protocol: Protocol::SignalR, .. }) => {
                say_or_close(HubReply::close(Malformed("a record has no end")), &id, push).await
            }
            _ => {
                let text = "send JSON with an action: subscribe, unsubscribe, authenticate (with a token) or ping";
                Ok(SocketReply::refuse(&ApiError::malformed("malformed_body", text), &request))
            }
        },
    }
}

/// An answer cannot close a connection, so the last word goes the way of the news, and the end after it.
async fn say_or_close(reply: HubReply, id: &ConnectionId, push: &dyn Push) -> Result<SocketReply, Error> {
    if !reply.closes {
        return Ok(SocketReply::text(reply.text));
    }
    if reply.text.is_empty() || push.send(id, &reply.text).await? == Delivery::Sent {
        push.close(id).await?;
    }
    Ok(SocketReply::ok())
}
