//! `subscribe`: a browser wants to hear about a topic: `{"action":"subscribe","topic":"product/…"}`. Answers `Subscribed`
//! or `Error`.

use crate::Realtime;
use crate::messages::Answer;
use crate::socket::{self, SocketReply, SocketRequest};
use souk_domain::Error;
use souk_domain::realtime::{ConnectionId, Topic};
use souk_lambda::ApiError;

/// Handles the message.
///
/// # Errors
/// For an event that is none.
pub async fn handle(request: SocketRequest, realtime: &Realtime) -> Result<SocketReply, Error> {
    let id = socket::connection(&request)?;
    Ok(match subscribe(&request, &id, realtime).await {
        Ok(topic) => SocketReply::say(&Answer::Subscribed { topic: &topic }, &request),
        Err(error) => SocketReply::refuse(&error, &request),
    })
}

async fn subscribe(request: &SocketRequest, id: &ConnectionId, realtime: &Realtime) -> Result<Topic, ApiError> {
    let topic = socket::topic(request)?;
    let connection = realtime.known(id).await?;
    realtime.subscribe(id, &connection, &topic).await?;
    Ok(topic)
}
