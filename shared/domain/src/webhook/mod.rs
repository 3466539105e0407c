//! Webhooks: where third parties want to hear what happens in the shop, and what became of telling them.

mod delivery;
mod event_type;
mod network;
mod retry;
mod url;

pub use delivery::{ClaimedDelivery, DeliveryStatus, Told, WebhookAttempt, WebhookDelivery, WebhookPost};
pub use event_type::WebhookEventType;
pub use network::is_public_address;
pub use retry::RetryPauses;
pub use url::{WebhookReach, WebhookUrl};

use crate::{AuditAction, DateTime, Result, Version, Violation, WebhookDescription, WebhookId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A secret that the shop must read again, as it is at rest: sealed with a key that the store does not have, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret(pub String);

/// The secret before the last rotation. Signs beside the present one for a while, so that a receiver has time to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSecret {
    /// The secret.
    pub sealed: SealedSecret,
    /// Until when it signs, UTC.
    pub until: DateTime,
}

/// One kind of event that a webhook wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Which kind.
    pub event_type: WebhookEventType,
    /// Events from before are not sent, UTC.
    pub since: DateTime,
}

/// Why a webhook hears nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// Staff said so.
    ByStaff,
    /// A delivery used up its attempts, and none of any other got through meanwhile.
    Failing,
    /// The receiver answered 410: it wants no more.
    Gone,
}

/// What staff may set on a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookFields {
    /// Where to.
    pub url: WebhookUrl,
    /// Of what: each kind once.
    pub event_types: Vec<WebhookEventType>,
    /// For people.
    pub description: WebhookDescription,
}

impl WebhookFields {
    /// Checks that there is something to hear, and puts the kinds of events in order.
    ///
    /// # Errors
    /// `invalid_event_type`
    pub fn new(
        url: WebhookUrl,
        mut event_types: Vec<WebhookEventType>,
        description: WebhookDescription,
    ) -> std::result::Result<Self, Violation> {
        event_types.sort_unstable_by_key(|event_type| event_type.as_str());
        event_types.dedup();
        match event_types.is_empty() {
            false => Ok(Self { url, event_types, description }),
            true => Err(Violation::new("invalid_event_type", "a webhook wants to hear of at least one type of event")),
        }
    }
}

/// A place outside of the shop that is told of what happens. A store keeps it as the JSON document that this makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Stable name for programs.
    pub id: WebhookId,
    /// Where to.
    pub url: WebhookUrl,
    /// Of what, by name.
    pub subscriptions: Vec<Subscription>,
    /// For people.
    pub description: WebhookDescription,
    /// Why it hears nothing; absent while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<DisabledReason>,
    /// Signs what is sent.
    pub secret: SealedSecret,
    /// Signs as well, for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_secret: Option<LastSecret>,
    /// Sent back in `If-Match`.
    pub version: Version,
    /// UTC.
    pub created_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

/// What becomes of a webhook.
#[derive(Clone, Debug)]
pub struct WebhookChange {
    /// As it is from now on.
    pub webhook: Webhook,
    /// What the audit log calls it.
    pub action: AuditAction,
}

/// Says what becomes of a webhook as it is now; `None` when there is nothing to do. May be asked again when somebody was faster.
pub type DecideWebhook = Arc<dyn Fn(&Webhook) -> Result<Option<WebhookChange>> + Send + Sync>;

impl Webhook {
    /// How long the last secret signs after a rotation.
    pub const OVERLAP: chrono::Duration = chrono::Duration::hours(24);

    /// A new one, which hears of everything from now on.
    pub fn new(id: WebhookId, fields: WebhookFields, secret: SealedSecret, at: DateTime) -> Self {
        let WebhookFields { url, event_types, description } = fields;
        let subscribe = |event_type| Subscription { event_type, since: at };
        Self {
            id,
            url,
            subscriptions: event_types.into_iter().map(subscribe).collect(),
            description,
            disabled: None,
            secret,
            last_secret: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    /// Whether it hears anything.
    pub fn is_active(&self) -> bool {
        self.disabled.is_none()
    }

    /// Of what, by name.
    pub fn event_types(&self) -> Vec<WebhookEventType> {
        self.subscriptions.iter().map(|subscription| subscription.event_type).collect()
    }

    /// With other values. What it wanted to hear of before, it goes on hearing of; what is new, and everything after a time of silence, from
    /// now on.
    pub fn with(&self, fields: WebhookFields, is_active: bool, at: DateTime) -> WebhookChange {
        let WebhookFields { url, event_types, description } = fields;
        let since = |event_type| {
            let known = self.subscriptions.iter().find(|known| known.event_type == event_type && self.is_active());
            known.map_or(at, |known| known.since)
        };
        let subscribe = |event_type| Subscription { event_type, since: since(event_type) };
        let disabled = (!is_active).then(|| self.disabled.unwrap_or(DisabledReason::ByStaff));
        let subscriptions = event_types.into_iter().map(subscribe).collect();
        let webhook = Self { url, subscriptions, description, disabled, ..self.clone() };
        webhook.changed(AuditAction::WebhookChanged, at)
    }

    /// With another secret; the present one goes on signing for a while.
    pub fn rotated(&self, secret: SealedSecret, at: DateTime) -> WebhookChange {
        let last_secret = Some(LastSecret { sealed: self.secret.clone(), until: at + Self::OVERLAP });
        Self { secret, last_secret, ..self.clone() }.changed(AuditAction::WebhookSecretRotated, at)
    }

    /// Hearing nothing; `None` when it hears nothing already.
    pub fn disabled(&self, reason: DisabledReason, at: DateTime) -> Option<WebhookChange> {
        let webhook = Self { disabled: Some(reason), ..self.clone() };
        self.is_active().then(|| webhook.changed(AuditAction::WebhookDisabled, at))
    }

    /// The secrets that sign at a moment, the present one first.
    pub fn secrets(&self, at: DateTime) -> impl Iterator<Item = &SealedSecret> {
        let last = self.last_secret.as_ref().filter(|last| at < last.until).map(|last| &last.sealed);
        std::iter::once(&self.secret).chain(last)
    }

    fn changed(self, action: AuditAction, at: DateTime) -> WebhookChange {
        WebhookChange { webhook: Self { version: self.version + 1, updated_at: at, ..self }, action }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    fn fields(types: &[&str]) -> WebhookFields {
        let url = WebhookUrl::parse("https://example.com/hook").expect("a URL");
        let types = types.iter().map(|name| WebhookEventType::parse(name).expect(name)).collect();
        WebhookFields::new(url, types, WebhookDescription::default()).expect("fields")
    }

    fn webhook(types: &[&str]) -> Webhook {
        Webhook::new(WebhookId::new(), fields(types), SealedSecret("one".to_owned()), crate::now())
    }

    #[test]
    fn types_are_in_order_and_each_is_there_once() {
        let twice = fields(&["souk.OrderShipped", "souk.OrderPlaced", "souk.OrderShipped"]);
        let names: Vec<_> = twice.event_types.iter().map(|event_type| event_type.as_str()).collect();
        assert_eq!(names, ["souk.OrderPlaced", "souk.OrderShipped"]);
        let url = twice.url;
        let none = WebhookFields::new(url, Vec::new(), WebhookDescription::default()).expect_err("nothing to hear");
        assert_eq!(none.code, "invalid_event_type");
    }

    #[test]
    fn a_new_type_is_heard_of_from_then_on_and_all_types_after_a_silence() {
        let first = webhook(&["souk.OrderPlaced"]);
        let later = first.created_at + Duration::hours(1);
        let both = first.with(fields(&["souk.OrderPlaced", "souk.OrderShipped"]), true, later).webhook;
        let since: Vec<_> = both.subscriptions.iter().map(|subscription| subscription.since).collect();
        assert_eq!((since, both.version, both.updated_at), (vec![first.created_at, later], 2, later));
        let silent = both.disabled(DisabledReason::Failing, later).expect("a change").webhook;
        assert!(silent.disabled(DisabledReason::Gone, later).is_none());
        // Staff that changes something else does not hide why.
        let silent = silent.with(fields(&["souk.OrderPlaced"]), false, later).webhook;
        assert_eq!(silent.disabled, Some(DisabledReason::Failing));
        let latest = later + Duration::hours(1);
        let again = silent.with(fields(&["souk.OrderPlaced"]), true, latest).webhook;
        assert_eq!((again.disabled, again.subscriptions[0].since), (None, latest));
    }

    #[test]
    fn after_a_rotation_both_secrets_sign_for_a_day() {
        let first = webhook(&["souk.OrderPlaced"]);
        let at = first.created_at + Duration::hours(1);
        let rotated = first.rotated(SealedSecret("two".to_owned()), at).webhook;
        let signing = |at| rotated.secrets(at).map(|secret| secret.0.as_str()).collect::<Vec<_>>();
        assert_eq!(signing(at + Duration::hours(23)), ["two", "one"]);
        assert_eq!(signing(at + Duration::hours(24)), ["two"]);
    }
}
