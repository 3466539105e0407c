use super::{Webhook, WebhookUrl};
use crate::{DateTime, DeliveryId, Event, EventId, Version};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a delivery is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It will be tried, or tried again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [DeliveryStatus; 3] = [DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Failed];

    /// The word that stands for the status in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryStatus::Pending => "pending",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Failed => "failed",
        }
    }

    /// The status that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// One event on its way to one webhook: a line of the delivery log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDelivery {
    /// Stable name for programs.
    pub id: DeliveryId,
    /// The event; sent as `webhook-id`.
    pub event_id: EventId,
    /// Its type.
    #[schema(example = "souk.OrderPlaced")]
    pub event_type: String,
    /// The order or product that it is about.
    pub subject: Uuid,
    /// The version that it made.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    pub subject_version: Version,
    /// Where it is in its life.
    pub status: DeliveryStatus,
    /// How often it was tried; counted anew when somebody asks for it again.
    #[schema(example = 1)]
    pub attempts: u32,
    /// The status that the last attempt was answered with; absent when no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 503)]
    pub status_code: Option<u16>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "answered 503")]
    pub error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 83)]
    pub duration_ms: Option<i64>,
    /// When it is tried next, UTC, unless something older about the same subject is still on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<DateTime>,
    /// When it was put on its way, UTC.
    pub created_at: DateTime,
    /// When it was delivered or given up, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime>,
}

/// A version of an aggregate that an event told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The aggregate's id.
    pub subject: Uuid,
    /// The version.
    pub version: Version,
}

impl Told {
    /// What an event tells; `None` for one whose subject webhooks do not know.
    pub fn by(event: &Event) -> Option<Self> {
        Some(Self { subject: event.subject.parse().ok()?, version: event.version })
    }
}

/// A delivery that is one sender's for a while.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Which.
    pub id: DeliveryId,
    /// Where to.
    pub webhook: Arc<Webhook>,
    /// What; `None` when another version of Souk wrote it and this one cannot read it.
    pub event: Option<Event>,
    /// How often it was tried before.
    pub attempts: u32,
    /// Until when it is the sender's; tells this claim from a later one.
    pub claimed_until: DateTime,
}

/// What is posted to a receiver, in the form of Standard Webhooks.
#[derive(Clone, Debug)]
pub struct WebhookPost {
    /// Where to.
    pub url: WebhookUrl,
    /// `webhook-id`: the same for each attempt.
    pub id: String,
    /// `webhook-timestamp`, in seconds since the Unix epoch.
    pub timestamp: i64,
    /// `webhook-signature`
    pub signature: String,
    /// JSON.
    pub body: String,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAttempt {
    /// The status of the answer, when one came.
    pub status_code: Option<u16>,
    /// Why it failed, in plain words; absent when it did not.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

impl WebhookAttempt {
    /// The longest error that is kept, in characters.
    pub const LONGEST_ERROR: usize = 300;

    /// Whether the receiver took it.
    pub fn is_delivered(&self) -> bool {
        self.error.is_none()
    }

    /// Whether the receiver wants no more of anything.
    pub fn is_gone(&self) -> bool {
        self.status_code == Some(410)
    }
}
