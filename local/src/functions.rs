//! All functions of the catalogue, in this process.

use anyhow::{Context, Result};
use async_trait::async_trait;
use futures::FutureExt;
use serde_json::Value;
use souk_customers::{Links, create_admin, expire_mails, send_mail};
use souk_domain::ports::{
    Backlogs, Cache, ConnectionTable, DeadLetters, Dispatcher, EventPublisher, Invoker, Mailer, NewsLog, Store,
};
use souk_domain::{Error, RetryPauses};
use souk_environment::Environment;
use souk_lambda::{Announcer, Batch, BatchResponse, Ports, deliver};
use souk_orders::reconcile_payments::Patience;
use souk_orders::{Settlement, expire_orders, reconcile_payments, send_order_mail};
use souk_platform::{
    Consumers, archive_outbox, expire_idempotency_keys, measure_consumers, migrate_database, relay_outbox,
    replay_consumer,
};
use souk_realtime::{Audience, Notifier, Realtime, SocketReply, SocketRequest, attend, tell_listeners};
use souk_template::{Template, Trigger};
use souk_webhooks::{Poster, WebhookSecrets, deliver_webhooks, enqueue_webhooks, expire_webhook_deliveries};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The scheduled functions that [`Functions::tick`] and the stream triggers run.
const SCHEDULED: [&str; 10] = [
    "deliver-webhooks",
    "expire-webhook-deliveries",
    "relay-outbox",
    "archive-outbox",
    "expire-idempotency-keys",
    "measure-consumers",
    "expire-mails",
    "expire-orders",
    "reconcile-payments",
    "stream-trigger",
];

/// The functions that [`Functions::call`] runs, for people or for other functions.
const CALLED: [&str; 4] = ["create-admin", "migrate-database", "replay-consumer", "tell-listeners"];

/// How long a call may take: as long as on Lambda.
const CALL: Duration = Duration::from_secs(15 * 60);

/// The pauses before each run of a function that was handed work.
const RETRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// The functions that are not HTTP: sockets, consumers, schedules.
#[derive(Clone)]
pub(crate) struct Functions {
    store: Arc<dyn Store>,
    cache: Arc<dyn Cache>,
    publisher: Arc<dyn EventPublisher>,
    realtime: Realtime,
    audience: Audience,
    news: Arc<dyn NewsLog>,
    announcer: Announcer,
    mailer: Arc<dyn Mailer>,
    links: Links,
    shop: String,
    settlement: Settlement,
    patience: Patience,
    poster: Poster,
    webhook_pauses: RetryPauses,
    outbox_kept: chrono::Duration,
    consumers: Consumers,
    backlogs: Arc<dyn Backlogs>,
    letters: Arc<dyn DeadLetters>,
}

impl Functions {
    pub(crate) fn new(environment: &Environment, ports: &Ports, patience: Patience) -> Result<Self> {
        let redis = Arc::new(environment.redis()?);
        let connections: Arc<dyn ConnectionTable> = environment.connections()?;
        let (orders, access) = (ports.store.clone(), ports.access.clone());
        let settlement = Settlement::new(orders.clone(), ports.announcer.clone(), environment.till()?);
        Ok(Self {
            store: ports.store.clone(),
            cache: redis.clone(),
            publisher: redis.clone(),
            backlogs: redis.clone(),
            letters: redis.clone(),
            audience: Audience {
                connections: connections.clone(),
                push: environment.push()?,
                door: access.door.clone(),
            },
            realtime: Realtime { connections, log: redis.clone(), orders, access },
            news: redis.clone(),
            announcer: ports.announcer.clone(),
            mailer: environment.mailer()?,
            links: Links::new(&environment.shop_url()?),
            shop: environment.shop_url()?,
            settlement,
            patience,
            poster: Poster::new(WebhookSecrets::new(&environment.webhook_key()?)?, environment.webhook_sender()?),
            webhook_pauses: environment.webhook_pauses()?,
            outbox_kept: environment.outbox_kept()?,
            consumers: Consumers::of(&Template::built_in()?)?,
        })
    }

    fn notifier(&self) -> Notifier {
        let (audience, log, dispatcher) = (self.audience.clone(), self.news.clone(), Arc::new(self.clone()));
        Notifier { audience, log, dispatcher }
    }

    /// Runs a WebSocket function.
    pub(crate) async fn socket(&self, function: &str, request: SocketRequest) -> Result<SocketReply, Error> {
        let connections = &*self.realtime.connections;
        attend(function, request, async |request| match function {
            "connect" => souk_realtime::connect::handle(request, connections, &self.realtime.access).await,
            "disconnect" => souk_realtime::disconnect::handle(request, connections).await,
            "subscribe" => souk_realtime::subscribe::handle(request, &self.realtime).await,
            "unsubscribe" => souk_realtime::unsubscribe::handle(request, connections).await,
            "default" => souk_realtime::default::handle(request, &self.realtime, &*self.audience.push).await,
            other => Err(unknown(other)),
        })
        .await
    }

    /// Runs a function that people or other functions call.
    pub(crate) async fn call(&self, function: &str, payload: Value) -> Result<(), Error> {
        match function {
            "create-admin" => {
                let call = serde_json::from_value(payload).map_err(Error::configuration)?;
                create_admin::handle(call, &*self.store, &self.announcer).await.map(drop)
            }
            "migrate-database" => migrate_database::handle(&*self.store).await.map(drop),
            "replay-consumer" => {
                let call = serde_json::from_value(payload).map_err(Error::configuration)?;
                let deadline = Instant::now() + CALL;
                replay_consumer::handle(call, &*self.store, self, &self.consumers, deadline).await.map(drop)
            }
            "tell-listeners" => {
                let part = serde_json::from_value(payload).map_err(Error::configuration)?;
                tell_listeners::handle(part, &self.audience, self).await
            }
            other => Err(unknown(other)),
        }
    }

    /// Runs a scheduled function; the stream triggers run all the time instead (see `System`).
    pub(crate) async fn tick(&self, function: &str) -> Result<(), Error> {
        match function {
            "relay-outbox" => relay_outbox::handle(&*self.store, &*self.publisher).await.map(drop),
            "archive-outbox" => archive_outbox::handle(&*self.store, self.outbox_kept).await.map(drop),
            "expire-mails" => expire_mails::handle(&*self.store).await.map(drop),
            "expire-orders" => expire_orders::handle(&*self.store, &self.announcer).await.map(drop),
            "reconcile-payments" => {
                reconcile_payments::handle(self.patience, &*self.store, &self.settlement, None).await.map(drop)
            }
            "measure-consumers" => {
                measure_consumers::handle(&self.consumers, &*self.backlogs, &*self.letters).await.map(drop)
            }
            "expire-idempotency-keys" => expire_idempotency_keys::handle(&*self.store).await.map(drop),
            "deliver-webhooks" => {
                let deadline = Instant::now() + CALL;
                deliver_webhooks::handle(&*self.store, &self.poster, self.webhook_pauses, deadline).await.map(drop)
            }
            "expire-webhook-deliveries" => expire_webhook_deliveries::handle(&*self.store).await.map(drop),
            other => Err(unknown(other)),
        }
    }

    async fn consume(&self, function: &str, batch: Batch) -> Result<BatchResponse, Error> {
        deliver(function, batch, async |batch| match function {
            "invalidate-product-cache" => souk_catalog::invalidate_product_cache::handle(batch, &*self.cache).await,
            "enqueue-webhooks" => enqueue_webhooks::handle(batch, &*self.store).await,
            "send-mail" => send_mail::handle(batch, &*self.store, &*self.mailer, &self.links).await,
            "notify-inventory" => souk_realtime::notify_inventory::handle(batch, &self.notifier()).await,
            "notify-orders" => souk_realtime::notify_orders::handle(batch, &self.notifier()).await,
            "send-order-mail" => send_order_mail::handle(batch, &*self.store, &*self.mailer, &self.shop).await,
            other => Err(unknown(other)),
        })
        .await
    }

    /// Fails when the catalogue names a function that this process cannot run.
    pub(crate) async fn check(&self, template: &Template) -> Result<()> {
        for function in template.functions() {
            let known = match &function.trigger {
                // `http::router` and the gateway check theirs.
                Trigger::Http { .. } | Trigger::Socket { .. } => Ok(()),
                Trigger::Stream(_) => self.consume(&function.name, Batch { records: Vec::new() }).await.map(drop),
                Trigger::Call if CALLED.contains(&function.name.as_str()) => Ok(()),
                Trigger::Schedule { .. } if SCHEDULED.contains(&function.name.as_str()) => Ok(()),
                Trigger::Schedule { .. } | Trigger::Call => Err(unknown(&function.name)),
            };
            known.with_context(|| function.name.clone())?;
        }
        Ok(())
    }
}

fn unknown(function: &str) -> Error {
    Error::Internal(format!("there is no function {function} in this process"))
}

#[async_trait]
impl Invoker for Functions {
    /// Goes through JSON, as on Lambda, so that the same contract holds.
    async fn invoke(&self, function: &str, payload: String) -> Result<String, Error> {
        let batch = serde_json::from_str(&payload).map_err(Error::configuration)?;
        // A panic would end the trigger; on Lambda it fails the invocation.
        let consumed = AssertUnwindSafe(self.consume(function, batch)).catch_unwind().await;
        let response = consumed.map_err(|_| Error::Internal(format!("{function} panicked")))??;
        serde_json::to_string(&response).map_err(Error::configuration)
    }
}

#[async_trait]
impl Dispatcher for Functions {
    /// Runs the function in the background, up to three times, as Lambda does.
    async fn dispatch(&self, function: &str, payload: String) -> Result<(), Error> {
        let (functions, function) = (self.clone(), function.to_owned());
        let payload: Value = serde_json::from_str(&payload).map_err(Error::configuration)?;
        tokio::spawn(async move {
            for pause in RETRIES {
                tokio::time::sleep(pause).await;
                match functions.call(&function, payload.clone()).await {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(%error, function, "a function failed"),
                }
            }
        });
        Ok(())
    }
}
