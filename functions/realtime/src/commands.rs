//! What a browser can ask for, whichever protocol it speaks.

use crate::{Realtime, socket};
use axum::http::StatusCode;
use souk_domain::realtime::{Connection, ConnectionId, Identity, Missed, Sequence, Subscriber, Topic, message};
use souk_domain::{DateTime, Error};
use souk_lambda::ApiError;

/// Most bytes of missed news in an answer: a message of API Gateway holds 128 KB, and SignalR's has them as text in JSON.
const CATCH_UP: usize = 100_000;

/// Where somebody stands who subscribed.
pub(crate) struct Standing {
    /// The number of the newest news of the topic.
    pub(crate) sequence: Sequence,
    /// Messages that were missed, in order; `None` when they are not known any more, or are too many.
    pub(crate) missed: Option<Vec<String>>,
}

impl Realtime {
    /// What is known of a connection.
    pub(crate) async fn known(&self, id: &ConnectionId) -> Result<Connection, ApiError> {
        self.connections.connection(id).await?.ok_or_else(|| ApiError::not_found("connection"))
    }

    /// Tells a connection of a topic from now on, and of what it missed since it heard the news with the number `after`. Private topics
    /// are told on the word of whoever is logged in, while it counts.
    pub(crate) async fn subscribe(
        &self,
        id: &ConnectionId,
        connection: &Connection,
        topic: &Topic,
        after: Option<Sequence>,
    ) -> Result<Standing, ApiError> {
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
        // In this order: what is noted from now on is posted as well, and what was noted before stands in the log.
        self.connections.subscribe(&subscriber, topic, socket::expiry()).await?;
        let missed = match self.log.missed(topic, after, souk_domain::now()).await {
            Ok(missed) => missed,
            // Nothing is told without Redis. The first news from then on will show whether something was missed.
            Err(error) => {
                tracing::warn!(%error, "a browser subscribes without the news that it missed");
                Missed { sequence: after.unwrap_or_default(), news: Some(Vec::new()) }
            }
        };
        let messages = missed.news.map(|news| news.iter().map(|(place, body)| message(topic, *place, body)).collect());
        let fits = |messages: &Vec<String>| messages.iter().map(String::len).sum::<usize>() <= CATCH_UP;
        Ok(Standing { sequence: missed.sequence, missed: messages.filter(fits) })
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
