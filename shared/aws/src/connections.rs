use crate::connection_items::{
    CARRIED, Item, connection, connection_key, expiring, has_expired, listened_key, of_principal, seconds, spot_of,
    spot_text, string, subscriber, subscription, subscription_key, text,
};
use crate::settings::Lazy;
use crate::{AwsSettings, http};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, DeleteRequest, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    KeysAndAttributes, Projection, ProjectionType, PutRequest, ScalarAttributeType, TimeToLiveSpecification,
    WriteRequest,
};
use futures::{StreamExt, TryStreamExt};
use souk_domain::ports::{ConnectionTable, Listeners};
use souk_domain::realtime::{Connection, ConnectionId, Principal, Protocol, Spots, Subscriber, Topic};
use souk_domain::{DateTime, Error, Result};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use tokio::task::yield_now;

/// The index that finds the connections of a topic.
const BY_TOPIC: &str = "by-topic";
/// Most keys of one BatchGetItem.
const BATCH_GET: usize = 100;
/// Most items of one BatchWriteItem.
const BATCH_WRITE: usize = 25;
/// Turns of the runtime until a connection that nothing delays is open, and the request has left on it.
const TURNS: usize = 4;
/// Updates at once when somebody shows another token.
const UPDATES: usize = 8;

/// The connection table: one DynamoDB table of small items that all expire (`expires`, seconds since the Unix epoch).
///
/// | pk               | sk              | what                                                             |
/// |------------------|-----------------|------------------------------------------------------------------|
/// | connection id    | `connection`    | who logged in (`customer`, `role`, `session`, `token_expires`), and the `protocol` it speaks |
/// | connection id    | `topic#{topic}` | a subscription; `topic` and `spot` put it into the index `by-topic` |
/// | `topic#{topic}`  | `listened`      | somebody subscribed to the topic in the life of the longest connection |
///
/// A subscription repeats the protocol and, for a private topic, who is logged in, and the index carries both: whoever sends a
/// message asks for nothing else. The `spot` is a hash of the connection id, so that many listeners can be told in parts that know
/// nothing of each other, and so that an index that DynamoDB splits by its sort key is split into halves.
///
/// The last kind lets a notifier ask for a hundred topics in one request and query only those that have listeners: most
/// products have none at any moment. It is never deleted; it expires with the last connection that could use it.
pub struct DynamoConnections {
    client: Lazy<Client>,
    http: http::Client,
    endpoint: String,
    table: String,
}

fn unavailable<E, R>(error: SdkError<E, R>) -> Error
where
    SdkError<E, R>: std::error::Error,
{
    Error::Unavailable(format!("DynamoDB: {}", DisplayErrorContext(&error)))
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

impl DynamoConnections {
    /// The table named `table` of the DynamoDB at `endpoint`, such as `https://dynamodb.{region}.amazonaws.com`.
    pub fn new(settings: &AwsSettings, endpoint: &str, table: &str) -> Self {
        Self {
            client: settings.lazy(Some(endpoint), Client::new),
            http: settings.client(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            table: table.to_owned(),
        }
    }

    /// Connects, once, so that the first command need not. The client is made while the answer is on its way.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn open(&self) -> Result<()> {
        let ping = format!("{}/ping", self.endpoint);
        let made = async {
            for _ in 0..TURNS {
                yield_now().await;
            }
            LazyLock::force(&self.client);
        };
        tokio::join!(self.http.open(&ping), made).0
    }

    /// Makes the table as `template.yaml` describes it, for stand-ins on this machine. An existing one is fine.
    ///
    /// # Errors
    /// `Unavailable`
    pub async fn create_table(&self) -> Result<()> {
        let attribute = |name: &str| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .map_err(invalid)
        };
        let part =
            |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(invalid);
        let by_topic = GlobalSecondaryIndex::builder()
            .index_name(BY_TOPIC)
            .key_schema(part("topic", KeyType::Hash)?)
            .key_schema(part("spot", KeyType::Range)?)
            .projection(
                Projection::builder()
                    .projection_type(ProjectionType::Include)
                    .set_non_key_attributes(Some(CARRIED.map(str::to_owned).to_vec()))
                    .build(),
            )
            .build()
            .map_err(invalid)?;
        let made = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk")?)
            .attribute_definitions(attribute("sk")?)
            .attribute_definitions(attribute("topic")?)
            .attribute_definitions(attribute("spot")?)
            .key_schema(part("pk", KeyType::Hash)?)
            .key_schema(part("sk", KeyType::Range)?)
            .global_secondary_indexes(by_topic)
            .send()
            .await;
        match made {
            Ok(_) => self.expire_items().await,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn expire_items(&self) -> Result<()> {
        let specification = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires").build();
        self.client
            .update_time_to_live()
            .table_name(&self.table)
            .time_to_live_specification(specification.map_err(invalid)?)
            .send()
            .await
            .map(drop)
            .map_err(unavailable)
    }

    /// Writes in as few requests as DynamoDB allows, until nothing is left unprocessed.
    async fn write(&self, requests: Vec<WriteRequest>) -> Result<()> {
        for chunk in requests.chunks(BATCH_WRITE) {
            let mut left = Some(HashMap::from([(self.table.clone(), chunk.to_vec())]));
            while let Some(items) = left.filter(|items| !items.is_empty()) {
                let answer = self.client.batch_write_item().set_request_items(Some(items)).send().await;
                left = answer.map_err(unavailable)?.unprocessed_items;
            }
        }
        Ok(())
    }

    /// The keys of whatever is known of a connection.
    async fn keys(&self, connection: &ConnectionId) -> Result<Vec<Item>> {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :connection")
            .expression_attribute_values(":connection", string(&connection.0))
            .projection_expression("pk, sk")
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(unavailable)
    }

    /// Sets attributes of an item that is there; `false` when it is not.
    async fn set(&self, key: Item, attributes: Vec<(&str, AttributeValue)>) -> Result<bool> {
        // Some of the names are words of DynamoDB's language.
        let parts: Vec<String> = (0..attributes.len()).map(|at| format!("#a{at} = :a{at}")).collect();
        let mut update = self.client.update_item().table_name(&self.table).set_key(Some(key));
        update = update.update_expression(format!("SET {}", parts.join(", ")));
        update = update.condition_expression("attribute_exists(pk)");
        for (at, (name, value)) in attributes.into_iter().enumerate() {
            update = update.expression_attribute_names(format!("#a{at}"), name);
            update = update.expression_attribute_values(format!(":a{at}"), value);
        }
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}

fn put(item: Item) -> Result<WriteRequest> {
    let put = PutRequest::builder().set_item(Some(item)).build().map_err(invalid)?;
    Ok(WriteRequest::builder().put_request(put).build())
}

fn delete(key: Item) -> Result<WriteRequest> {
    let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(invalid)?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}

#[async_trait]
impl ConnectionTable for DynamoConnections {
    async fn connect(&self, connection: &ConnectionId, principal: Option<Principal>, expires: DateTime) -> Result<()> {
        let mut item = expiring(connection_key(connection), expires);
        let principal = principal.iter().flat_map(of_principal);
        item.extend(principal.map(|(name, value)| (name.to_owned(), value)));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(drop).map_err(unavailable)
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(connection_key(id)));
        // A browser may ask for a topic right after its handshake, or after it showed another token.
        let get = get.consistent_read(true);
        let item = get.send().await.map_err(unavailable)?.item;
        let alive = item.filter(|item| !has_expired(item, souk_domain::now()));
        Ok(alive.as_ref().map(connection))
    }

    async fn speak(&self, connection: &ConnectionId, protocol: Protocol) -> Result<bool> {
        self.set(connection_key(connection), vec![("protocol", string(protocol.as_str()))]).await
    }

    async fn authenticate(&self, connection: &ConnectionId, principal: Principal, topics: &[Topic]) -> Result<bool> {
        if !self.set(connection_key(connection), of_principal(&principal).to_vec()).await? {
            return Ok(false);
        }
        let keys = topics.iter().map(|topic| subscription_key(connection, topic));
        futures::stream::iter(keys)
            .map(Ok)
            .try_for_each_concurrent(UPDATES, async |key| {
                self.set(key, of_principal(&principal).to_vec()).await.map(drop)
            })
            .await?;
        Ok(true)
    }

    async fn topics(&self, connection: &ConnectionId) -> Result<Vec<Topic>> {
        let keys = self.keys(connection).await?;
        Ok(keys.iter().filter_map(|key| text(key, "sk")?.strip_prefix("topic#")?.parse().ok()).collect())
    }

    async fn disconnect(&self, connection: &ConnectionId) -> Result<()> {
        let keys = self.keys(connection).await?;
        self.write(keys.into_iter().map(delete).collect::<Result<_>>()?).await
    }

    async fn subscribe(&self, subscriber: &Subscriber, topic: &Topic, expires: DateTime) -> Result<()> {
        let subscription = subscription(subscriber, topic, expires);
        self.write(vec![put(expiring(listened_key(topic), expires))?, put(subscription)?]).await
    }

    async fn unsubscribe(&self, connection: &ConnectionId, topic: &Topic) -> Result<()> {
        let key = subscription_key(connection, topic);
        self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await.map(drop).map_err(unavailable)
    }

    async fn expel(&self, subscriber: &Subscriber, topic: &Topic) -> Result<()> {
        let key = subscription_key(&subscriber.connection, topic);
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        let delete = match &subscriber.principal {
            None => delete.condition_expression("attribute_not_exists(token_expires)"),
            // The index may be a moment behind the table.
            Some(principal) => delete
                .condition_expression("#session = :session AND token_expires = :expires")
                .expression_attribute_names("#session", "session")
                .expression_attribute_values(":session", string(principal.session.to_string()))
                .expression_attribute_values(":expires", seconds(principal.expires_at)),
        };
        match delete.send().await {
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            answer => answer.map(drop).map_err(unavailable),
        }
    }

    async fn listened(&self, topics: &[Topic]) -> Result<HashSet<Topic>> {
        let now = souk_domain::now();
        let unique: HashSet<&Topic> = topics.iter().collect();
        let mut listened = HashSet::new();
        for chunk in Vec::from_iter(unique).chunks(BATCH_GET) {
            let keys = chunk.iter().map(|topic| listened_key(topic)).collect();
            // Whoever subscribes loads the state afterwards: news from before need not reach them, news from then on do.
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let mut left = Some(HashMap::from([(self.table.clone(), wanted.map_err(invalid)?)]));
            while let Some(wanted) = left.filter(|wanted| !wanted.is_empty()) {
                let answer =
                    self.client.batch_get_item().set_request_items(Some(wanted)).send().await.map_err(unavailable)?;
                let found = answer.responses.into_iter().flat_map(|mut tables| tables.remove(&self.table)).flatten();
                let alive = found.filter(|item| !has_expired(item, now));
                listened.extend(alive.filter_map(|item| text(&item, "pk")?.strip_prefix("topic#")?.parse().ok()));
                left = answer.unprocessed_keys;
            }
        }
        Ok(listened)
    }

    async fn listeners(&self, topic: &Topic, spots: Spots, limit: usize) -> Result<Listeners> {
        // One more tells whether there are more.
        let at_once = i32::try_from(limit).ok().and_then(|limit| limit.checked_add(1));
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_TOPIC)
            .key_condition_expression("topic = :topic AND spot BETWEEN :from AND :to")
            .expression_attribute_values(":topic", string(topic.to_string()))
            .expression_attribute_values(":from", spot_text(spots.from))
            .expression_attribute_values(":to", spot_text(spots.to))
            .set_limit(at_once)
            .into_paginator()
            .send();
        let mut items: Vec<Item> = Vec::new();
        while let Some(page) = pages.next().await {
            items.extend(page.map_err(unavailable)?.items.into_iter().flatten());
            if items.len() > limit {
                break;
            }
        }
        let more_after = (items.len() > limit).then(|| items.get(limit.saturating_sub(1)).and_then(spot_of)).flatten();
        items.truncate(limit);
        Ok(Listeners { subscribers: items.iter().filter_map(subscriber).collect(), more_after })
    }
}
