//! `subscribe`: a browser wants to hear about a topic: `{"action":"subscribe","topic":"product/…"}`. Answers `Subscribed`
//! or `Error`.

use crate::Realtime;
use crate::socket::{self, SocketReply, SocketRequest};
use souk_domain::realtime::{Identity, Topic};
use souk_domain::{CustomerId, Error};
use souk_lambda::ApiError;

/// Handles the message.
///
/// # Errors
/// When the table or the store is away.
pub async fn handle(request: SocketRequest, realtime: &Realtime) -> Result<SocketReply, Error> {
    let connection = socket::connection(&request)?;
    let topic = match socket::topic(&request) {
        Ok(topic) => topic,
        Err(error) => return Ok(SocketReply::refuse(422, &error, &request)),
    };
    let Some(identity) = realtime.connections.identity(&connection).await? else {
        return Ok(SocketReply::refuse(404, &ApiError::not_found("connection"), &request));
    };
    if !may_listen(realtime, identity, &topic).await? {
        return Ok(SocketReply::refuse(403, &ApiError::forbidden(), &request));
    }
    realtime.connections.subscribe(&connection, &topic, socket::expiry()).await?;
    Ok(SocketReply::say("Subscribed", &topic, &request))
}

async fn may_listen(realtime: &Realtime, identity: Option<Identity>, topic: &Topic) -> Result<bool, Error> {
    let is_staff = identity.is_some_and(|identity| identity.role.is_staff());
    Ok(match topic {
        Topic::Product(_) | Topic::Catalog => true,
        _ if is_staff => true,
        Topic::Admin => false,
        Topic::Customer(id) => is(identity, *id),
        Topic::Order(id) => match (identity, id) {
            (None, _) => false,
            // An order of somebody else and one that does not exist look the same.
            (Some(caller), id) => match realtime.orders.order(*id, Some(caller.id)).await {
                Ok(_) => true,
                Err(Error::NotFound(_)) => false,
                Err(error) => return Err(error),
            },
        },
    })
}

fn is(identity: Option<Identity>, customer: CustomerId) -> bool {
    identity.is_some_and(|identity| identity.id == customer)
}
