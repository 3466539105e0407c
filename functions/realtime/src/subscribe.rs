//! `subscribe`: a browser wants to hear about a topic: `{"action":"subscribe","topic":"product/…"}`, and with `"after":…` also what it
//! missed since the news with that number. Answers `Subscribed` or `Error`.

use crate::Realtime;
use crate::commands::Standing;
use crate::messages::{Answer, TopicRequest};
use crate::socket::{self, SocketReply, SocketRequest};
use serde_json::value::RawValue;
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
        Ok((topic, Standing { sequence, missed })) => {
            let reload = missed.is_none();
            let news = missed.unwrap_or_default().into_iter().filter_map(|message| RawValue::from_string(message).ok());
            let news = Vec::from_iter(news);
            SocketReply::say(&Answer::Subscribed { topic: &topic, sequence, reload, news: &news }, &request)
        }
        Err(error) => SocketReply::refuse(&error, &request),
    })
}

async fn subscribe(
    request: &SocketRequest,
    id: &ConnectionId,
    realtime: &Realtime,
) -> Result<(Topic, Standing), ApiError> {
    let TopicRequest { topic, after } = socket::topic(request)?;
    let connection = realtime.known(id).await?;
    let standing = realtime.subscribe(id, &connection, &topic, after).await?;
    Ok((topic, standing))
}
