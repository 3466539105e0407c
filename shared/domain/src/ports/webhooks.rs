use crate::{
    Aggregate, Cause, ClaimedDelivery, Committed, CustomerId, DateTime, DecideWebhook, DeliveryId, Limit, Page, Result,
    Told, Webhook, WebhookAttempt, WebhookDelivery, WebhookId, WebhookPost,
};
use async_trait::async_trait;

/// Where third parties want to hear what happens, and what is on its way to them. What becomes of a webhook, the webhook says; a store
/// keeps it.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Keeps a new webhook. `by` is the admin.
    async fn create_webhook(&self, webhook: Webhook, by: CustomerId, cause: &Cause) -> Result<Committed<Webhook>>;

    /// Asks a webhook what becomes of it, and keeps that. One that is active again goes on at once with what was on its way, with
    /// all attempts. `by` is the
    /// admin, `None` for the shop itself. Fails with `NotFound`; `decide`'s own errors come back.
    async fn change_webhook(
        &self,
        id: WebhookId,
        decide: DecideWebhook,
        by: Option<CustomerId>,
        cause: &Cause,
    ) -> Result<Committed<Webhook>>;

    /// Forgets a webhook with its log. Fails with `NotFound`.
    async fn remove_webhook(&self, id: WebhookId, by: CustomerId, cause: &Cause) -> Result<Committed<()>>;

    /// One webhook.
    async fn webhook(&self, id: WebhookId) -> Result<Webhook>;

    /// A page of webhooks, newest first; the position is the store's row number.
    async fn webhooks(&self, limit: Limit, after: Option<i64>) -> Result<Page<Webhook, i64>>;

    /// Puts what was told, and whatever of the same aggregates came before it, on its way to all active webhooks that want to hear of it;
    /// events from before `oldest` are left out. What is on its way, or was, is so once. The number of new deliveries.
    async fn enqueue_webhooks(&self, aggregate: Aggregate, told: &[Told], oldest: DateTime) -> Result<usize>;

    /// Takes up to `limit` deliveries to active webhooks that are due at `now`, at most `of_each` of one webhook counting those that are in
    /// somebody's hands. A delivery waits while an older one about the same aggregate is on its way to the same webhook. Nobody else gets
    /// them until `until`.
    async fn claim_webhook_deliveries(
        &self,
        limit: usize,
        of_each: usize,
        now: DateTime,
        until: DateTime,
    ) -> Result<Vec<ClaimedDelivery>>;

    /// Notes that a delivery arrived.
    async fn webhook_delivered(&self, delivery: &ClaimedDelivery, attempt: &WebhookAttempt, at: DateTime)
    -> Result<()>;

    /// Notes that an attempt failed, and when the next one is; `None` gives the delivery up. How many attempts at the webhook have failed in
    /// a row; 0 when the claim is somebody else's by now, and nothing is noted.
    async fn webhook_failed(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &WebhookAttempt,
        at: DateTime,
        next: Option<DateTime>,
    ) -> Result<u32>;

    /// A page of the delivery log of one webhook, newest first. Fails with `NotFound`.
    async fn webhook_deliveries(
        &self,
        id: WebhookId,
        limit: Limit,
        after: Option<i64>,
    ) -> Result<Page<WebhookDelivery, i64>>;

    /// Puts a delivery on its way again, with all its attempts. Fails with `NotFound`.
    async fn redeliver_webhook(
        &self,
        id: WebhookId,
        delivery: DeliveryId,
        cause: &Cause,
    ) -> Result<Committed<WebhookDelivery>>;

    /// Forgets the deliveries that were finished before `before`; the number forgotten.
    async fn expire_webhook_deliveries(&self, before: DateTime) -> Result<usize>;
}

/// Posts to receivers.
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Sends a post and says what became of it; a failure is an answer, not an error.
    async fn post(&self, post: &WebhookPost) -> WebhookAttempt;
}
