//! What a browser can ask for, whichever protocol it speaks.

use crate::{Realtime, socket};
use axum::http::StatusCode;
use souk_domain::realtime::{Connection, ConnectionId, Identity, Subscriber, Topic};
use souk_domain::{DateTime, Error};
use souk_lambda::ApiError;

impl Realtime {
    /// What is known of a connection.
    pub(crate) async fn known(&self, id: &ConnectionId) -> Result<Connection, ApiError> {
        self.connections.connection(id).await?.ok_or_else(|| ApiError::not_found("connection"))
    }

    /// Tells a connection of a topic from now on. Private topics are told on the word of whoever is logged in, while it counts.
    pub(crate) async fn subscribe(
        &self,
        id: &ConnectionId,
        connection: &Connection,
        topic: &Topic,
    ) -> Result<(), ApiError> {
        let mut principal = None;
        if topic.is_private() {
            let known = connection.principal.ok_or_else(ApiError::forbidden)?;
            self.access.recall(&known).await?;
            if !self.may_listen(known.identity, topic).await? {
                return Err(ApiError::forbidden());
            }
            principal = Some(known);
        }
        let subscriber = Subscriber { connection: id.clone(), protocol: connection.protocol, principal };
        Ok(self.connections.subscribe(&subscriber, topic, socket::expiry()).await?)
    }

    async fn may_listen(&self, Identity { id, role }: Identity, topic: &Topic) -> Result<bool, Error> {
        match topic {
            Topic::Product(_) | Topic::Catalog => Ok(true),
            _ if role.is_staff() => Ok(true),
            Topic::Admin => Ok(false),
            Topic::Customer(customer) => Ok(*customer == id),
            Topic::Order(order) => match self.orders.order(*order, Some(id)).await {
                Ok(_) => Ok(true),
                // An order of somebody else and one that does not exist look the same.
                Err(Error::NotFound(_)) => Ok(false),
                Err(error) => Err(error),
            },
        }
    }

    /// Takes another access token of whoever is logged in, or the first one of a guest; until when it counts. Private
    /// subscriptions go on with it, unless it gives another role: then they are over.
    pub(crate) async fn authenticate(&self, id: &ConnectionId, token: &str) -> Result<DateTime, ApiError> {
        let principal = self.access.identify(token).await?;
        let known = self.known(id).await?.principal.map(|known| known.identity);
        if known.is_some_and(|known| known.id != principal.identity.id) {
            let text = "the connection is somebody else's; open one of your own";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", text));
        }
        let mut private = self.connections.topics(id).await?;
        private.retain(Topic::is_private);
        if known != Some(principal.identity) {
            for topic in private.drain(..) {
                self.connections.unsubscribe(id, &topic).await?;
            }
        }
        if !self.connections.authenticate(id, principal, &private).await? {
            return Err(ApiError::not_found("connection"));
        }
        Ok(principal.expires_at)
    }
}
