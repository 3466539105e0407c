//! Webhooks and what is on its way to them, to test with.

use crate::shop::{Shop, cause};
use chrono::Duration;
use souk_domain::{
    Aggregate, AuditAction, ClaimedDelivery, Committed, DateTime, DecideWebhook, DisabledReason, Event, SealedSecret,
    Told, Webhook, WebhookAttempt, WebhookChange, WebhookDelivery, WebhookDescription, WebhookEventType, WebhookFields,
    WebhookId, WebhookUrl, now,
};
use std::sync::Arc;

/// Of a product's stock.
pub(crate) const STOCK: &str = "souk.InventoryChanged";
/// Of a new product.
pub(crate) const PRODUCT: &str = "souk.ProductCreated";

pub(crate) fn fields(url: &str, types: &[&str], description: &str) -> WebhookFields {
    let url = WebhookUrl::parse(url).expect("a URL");
    let types = types.iter().map(|name| WebhookEventType::parse(name).expect(name)).collect();
    let description = WebhookDescription::parse(description).expect("a description");
    WebhookFields::new(url, types, description).expect("fields")
}

pub(crate) fn sealed(text: &str) -> SealedSecret {
    SealedSecret(text.to_owned())
}

pub(crate) fn new_webhook(types: &[&str], at: DateTime) -> Webhook {
    let fields = fields("https://example.com/hook?a=é&b=😀", types, "Fürs Lager 😀");
    Webhook::new(WebhookId::new(), fields, sealed("c2VhbGVk"), at)
}

/// What is decided without a look.
pub(crate) fn always(change: impl Fn(&Webhook) -> WebhookChange + Send + Sync + 'static) -> DecideWebhook {
    Arc::new(move |webhook| Ok(Some(change(webhook))))
}

pub(crate) fn rotation(secret: &str) -> DecideWebhook {
    let secret = sealed(secret);
    always(move |webhook| webhook.rotated(secret.clone(), now()))
}

/// An attempt that was answered 503.
pub(crate) fn failure() -> WebhookAttempt {
    WebhookAttempt { status_code: Some(503), error: Some("nicht da 😀".to_owned()), duration_ms: 12 }
}

/// An attempt that was answered 204.
pub(crate) fn success() -> WebhookAttempt {
    WebhookAttempt { status_code: Some(204), error: None, duration_ms: 7 }
}

impl Shop {
    /// A webhook that hears of these types from now on.
    pub(crate) async fn hears(&self, types: &[&str]) -> Webhook {
        let webhook = new_webhook(types, now());
        let made = self.store.create_webhook(webhook.clone(), self.staff, &cause()).await.expect("a webhook");
        assert_eq!((&made.value, made.events.len(), made.replayed), (&webhook, 0, None));
        webhook
    }

    pub(crate) async fn change_hook(&self, id: WebhookId, decide: DecideWebhook) -> Committed<Webhook> {
        self.store.change_webhook(id, decide, Some(self.staff), &cause()).await.expect("a change")
    }

    /// The shop gives a webhook up.
    pub(crate) async fn gives_up(&self, id: WebhookId) {
        let decide: DecideWebhook = Arc::new(|webhook| Ok(webhook.disabled(DisabledReason::Failing, now())));
        self.store.change_webhook(id, decide, None, &cause()).await.expect("a change");
    }

    /// Staff has it go on.
    pub(crate) async fn enables(&self, webhook: &Webhook) {
        let fields = WebhookFields::new(webhook.url.clone(), webhook.event_types(), webhook.description.clone())
            .expect("fields");
        let enable = always(move |webhook| WebhookChange {
            action: AuditAction::WebhookChanged,
            ..webhook.with(fields.clone(), true, now())
        });
        self.change_hook(webhook.id, enable).await;
    }

    /// Puts an event on its way; the number of new deliveries.
    pub(crate) async fn tells(&self, event: &Event) -> usize {
        let told = Told::by(event).expect("a subject");
        let oldest = now() - Duration::days(1);
        self.store.enqueue_webhooks(event.data.aggregate(), &[told], oldest).await.expect("a number")
    }

    /// Takes what is due.
    pub(crate) async fn due(&self) -> Vec<ClaimedDelivery> {
        self.due_of_each(100).await
    }

    pub(crate) async fn due_of_each(&self, of_each: usize) -> Vec<ClaimedDelivery> {
        let claimed = self.store.claim_webhook_deliveries(100, of_each, now(), now() + Duration::minutes(10)).await;
        claimed.expect("deliveries")
    }

    pub(crate) async fn arrives(&self, delivery: &ClaimedDelivery) {
        self.store.webhook_delivered(delivery, &success(), now()).await.expect("a note");
    }

    /// An attempt fails; how many have in a row.
    pub(crate) async fn fails(&self, delivery: &ClaimedDelivery, next: Option<DateTime>) -> u32 {
        self.store.webhook_failed(delivery, &failure(), now(), next).await.expect("a number")
    }

    /// The newest lines of a webhook's log.
    pub(crate) async fn log_of(&self, id: WebhookId) -> Vec<WebhookDelivery> {
        self.store.webhook_deliveries(id, crate::shop::limit(100), None).await.expect("a log").items
    }

    /// A product's events of its stock, oldest first.
    pub(crate) async fn stock_events(&self, code: &str, number: i64) -> Vec<Event> {
        let product = self.product(code).await;
        let mut events = Vec::new();
        for n in 1..=number {
            events.extend(self.adjust(product.id, souk_domain::Change::By(n)).await.expect("stock").events);
        }
        assert!(events.iter().all(|event| event.data.aggregate() == Aggregate::Inventory));
        events
    }
}

/// The events of deliveries.
pub(crate) fn events_of(deliveries: &[ClaimedDelivery]) -> Vec<Event> {
    deliveries.iter().filter_map(|delivery| delivery.event.clone()).collect()
}
