//! `unsubscribe`: a browser has heard enough of a topic: `{"action":"unsubscribe","topic":"product/…"}`. Answers
//! `Unsubscribed` or `Error`.

use crate::messages::Answer;
use crate::socket::{self, SocketReply, SocketRequest};
use souk_domain::Error;
use souk_domain::ports::ConnectionTable;

/// Handles the message.
///
/// # Errors
/// When the table is away.
pub async fn handle(request: SocketRequest, connections: &dyn ConnectionTable) -> Result<SocketReply, Error> {
    let topic = match socket::topic(&request) {
        Ok(sent) => sent.topic,
        Err(error) => return Ok(SocketReply::refuse(&error, &request)),
    };
    connections.unsubscribe(&socket::connection(&request)?, &topic).await?;
    Ok(SocketReply::say(&Answer::Unsubscribed { topic: &topic }, &request))
}
