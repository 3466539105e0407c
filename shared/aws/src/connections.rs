use crate::AwsSettings;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, DeleteRequest, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    KeysAndAttributes, Projection, ProjectionType, PutRequest, ScalarAttributeType, TimeToLiveSpecification,
    WriteRequest,
};
use futures::{StreamExt, TryStreamExt};
use souk_domain::ports::{ConnectionTable, Subscribers};
use souk_domain::realtime::{ConnectionId, Identity, Topic};
use souk_domain::{DateTime, Error, Result, Role};
use std::collections::{HashMap, HashSet};

/// The index that finds the connections of a topic.
const BY_TOPIC: &str = "by-topic";
/// Most keys of one BatchGetItem.
const BATCH_GET: usize = 100;
/// Most items of one BatchWriteItem.
const BATCH_WRITE: usize = 25;
/// Queries at once for the topics that have listeners.
const QUERIES: usize = 8;

/// The connection table: one DynamoDB table of small items that all expire (`expires`, seconds since the Unix epoch).
///
/// | pk               | sk              | what                                                             |
/// |------------------|-----------------|------------------------------------------------------------------|
/// | connection id    | `connection`    | who logged in                                                    |
/// | connection id    | `topic#{topic}` | a subscription; `topic` puts it into the index `by-topic`        |
/// | `topic#{topic}`  | `listened`      | somebody subscribed to the topic in the life of the longest connection |
///
/// The last kind lets a notifier ask for a hundred topics in one request and query only those that have listeners: most
/// products have none at any moment. It is never deleted; it expires with the last connection that could use it.
pub struct DynamoConnections {
    client: Client,
    table: String,
}

type Item = HashMap<String, AttributeValue>;

fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

fn connection_key(connection: &ConnectionId) -> Item {
    key(&connection.0, "connection")
}

fn subscription_key(connection: &ConnectionId, topic: &Topic) -> Item {
    key(&connection.0, format!("topic#{topic}"))
}

fn listened_key(topic: &Topic) -> Item {
    key(format!("topic#{topic}"), "listened")
}

fn expiring(mut item: Item, expires: DateTime) -> Item {
    item.insert("expires".to_owned(), AttributeValue::N(expires.timestamp().to_string()));
    item
}

fn text<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    item.get(attribute)?.as_s().ok().map(String::as_str)
}

fn has_expired(item: &Item, now: DateTime) -> bool {
    let expires = item.get("expires").and_then(|value| value.as_n().ok()).and_then(|number| number.parse::<i64>().ok());
    expires.is_some_and(|expires| expires <= now.timestamp())
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
    /// The table named `table`; `endpoint` replaces AWS's own.
    pub fn new(settings: &AwsSettings, endpoint: Option<&str>, table: &str) -> Self {
        Self { client: Client::new(&settings.at(endpoint)), table: table.to_owned() }
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
            .key_schema(part("pk", KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
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

    /// Which of the topics had a subscription in the life of the longest connection.
    async fn listened(&self, topics: &[Topic]) -> Result<HashSet<String>> {
        let now = souk_domain::now();
        let mut listened = HashSet::new();
        for chunk in topics.chunks(BATCH_GET) {
            let keys = chunk.iter().map(listened_key).collect();
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).build().map_err(invalid)?;
            let mut left = Some(HashMap::from([(self.table.clone(), wanted)]));
            while let Some(wanted) = left.filter(|wanted| !wanted.is_empty()) {
                let answer =
                    self.client.batch_get_item().set_request_items(Some(wanted)).send().await.map_err(unavailable)?;
                let found = answer.responses.into_iter().flat_map(|mut tables| tables.remove(&self.table)).flatten();
                let alive = found.filter(|item| !has_expired(item, now));
                listened.extend(alive.filter_map(|item| text(&item, "pk").map(str::to_owned)));
                left = answer.unprocessed_keys;
            }
        }
        Ok(listened)
    }

    async fn connections_of(&self, topic: Topic) -> Result<Subscribers> {
        let items: Vec<Item> = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_TOPIC)
            .key_condition_expression("topic = :topic")
            .expression_attribute_values(":topic", string(topic.to_string()))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(unavailable)?;
        let connections =
            items.iter().filter_map(|item| text(item, "pk")).map(|id| ConnectionId(id.to_owned())).collect();
        Ok((topic, connections))
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
    async fn connect(&self, connection: &ConnectionId, identity: Option<Identity>, expires: DateTime) -> Result<()> {
        let mut item = expiring(connection_key(connection), expires);
        if let Some(Identity { id, role }) = identity {
            item.insert("customer".to_owned(), string(id.to_string()));
            item.insert("role".to_owned(), string(role.as_str()));
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(drop).map_err(unavailable)
    }

    async fn identity(&self, connection: &ConnectionId) -> Result<Option<Option<Identity>>> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(connection_key(connection)));
        let Some(item) = get.send().await.map_err(unavailable)?.item else { return Ok(None) };
        if has_expired(&item, souk_domain::now()) {
            return Ok(None);
        }
        let id = text(&item, "customer").and_then(|id| id.parse().ok());
        let role = text(&item, "role").and_then(Role::from_word);
        Ok(Some(id.zip(role).map(|(id, role)| Identity { id, role })))
    }

    async fn disconnect(&self, connection: &ConnectionId) -> Result<()> {
        let items: Vec<Item> = self
            .client
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
            .map_err(unavailable)?;
        self.write(items.into_iter().map(delete).collect::<Result<_>>()?).await
    }

    async fn subscribe(&self, connection: &ConnectionId, topic: &Topic, expires: DateTime) -> Result<()> {
        let mut subscription = expiring(subscription_key(connection, topic), expires);
        subscription.insert("topic".to_owned(), string(topic.to_string()));
        self.write(vec![put(expiring(listened_key(topic), expires))?, put(subscription)?]).await
    }

    async fn unsubscribe(&self, connection: &ConnectionId, topic: &Topic) -> Result<()> {
        let key = subscription_key(connection, topic);
        self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await.map(drop).map_err(unavailable)
    }

    async fn subscribers(&self, topics: &[Topic]) -> Result<Vec<Subscribers>> {
        let unique: HashSet<&Topic> = topics.iter().collect();
        let unique: Vec<Topic> = unique.into_iter().cloned().collect();
        let listened = self.listened(&unique).await?;
        let queried = unique.into_iter().filter(|topic| listened.contains(&format!("topic#{topic}")));
        futures::stream::iter(queried)
            .map(|topic| self.connections_of(topic))
            .buffer_unordered(QUERIES)
            .try_filter(|(_, connections)| std::future::ready(!connections.is_empty()))
            .try_collect()
            .await
    }
}
