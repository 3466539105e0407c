use crate::{CustomerId, DateTime, Limit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody did that may be asked about later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// A member of staff was made.
    StaffInvited,
    /// Staff looked through the people.
    CustomersListed,
    /// Staff shut somebody out.
    CustomerDisabled,
    /// Staff let somebody in again.
    CustomerEnabled,
    /// Somebody confirmed their address and is a customer.
    CustomerRegistered,
    /// Somebody has another address.
    EmailChanged,
    /// Somebody who knew the old password has another one.
    PasswordChanged,
    /// Somebody who got a link has another password.
    PasswordReset,
    /// A log-in asks for a code now.
    SecondFactorConfirmed,
    /// A log-in asks for a code no longer.
    SecondFactorRemoved,
    /// All sessions of somebody ended.
    SessionsEnded,
    /// Somebody read all that is kept of them.
    DataExported,
    /// Somebody was forgotten.
    CustomerErased,
    /// A webhook was made.
    WebhookCreated,
    /// A webhook has other values, or was disabled or enabled.
    WebhookChanged,
    /// A webhook has another secret.
    WebhookSecretRotated,
    /// The shop gave a webhook up.
    WebhookDisabled,
    /// A webhook is gone.
    WebhookRemoved,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [AuditAction; 18] = [
        AuditAction::StaffInvited,
        AuditAction::CustomersListed,
        AuditAction::CustomerDisabled,
        AuditAction::CustomerEnabled,
        AuditAction::CustomerRegistered,
        AuditAction::EmailChanged,
        AuditAction::PasswordChanged,
        AuditAction::PasswordReset,
        AuditAction::SecondFactorConfirmed,
        AuditAction::SecondFactorRemoved,
        AuditAction::SessionsEnded,
        AuditAction::DataExported,
        AuditAction::CustomerErased,
        AuditAction::WebhookCreated,
        AuditAction::WebhookChanged,
        AuditAction::WebhookSecretRotated,
        AuditAction::WebhookDisabled,
        AuditAction::WebhookRemoved,
    ];

    /// The word that stands for the action in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditAction::StaffInvited => "staff_invited",
            AuditAction::CustomersListed => "customers_listed",
            AuditAction::CustomerDisabled => "customer_disabled",
            AuditAction::CustomerEnabled => "customer_enabled",
            AuditAction::CustomerRegistered => "customer_registered",
            AuditAction::EmailChanged => "email_changed",
            AuditAction::PasswordChanged => "password_changed",
            AuditAction::PasswordReset => "password_reset",
            AuditAction::SecondFactorConfirmed => "second_factor_confirmed",
            AuditAction::SecondFactorRemoved => "second_factor_removed",
            AuditAction::SessionsEnded => "sessions_ended",
            AuditAction::DataExported => "data_exported",
            AuditAction::CustomerErased => "customer_erased",
            AuditAction::WebhookCreated => "webhook_created",
            AuditAction::WebhookChanged => "webhook_changed",
            AuditAction::WebhookSecretRotated => "webhook_secret_rotated",
            AuditAction::WebhookDisabled => "webhook_disabled",
            AuditAction::WebhookRemoved => "webhook_removed",
        }
    }

    /// The action that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// One line of the audit log: who did what to whom or to what. Append-only; ids only, so nobody has to be forgotten in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// UTC.
    pub at: DateTime,
    /// What.
    pub action: AuditAction,
    /// Who; absent for whoever operates the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<CustomerId>,
    /// To whom, or to which webhook; absent when it was nobody in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<CustomerId>,
    /// Of the request that did it.
    #[schema(example = "018bcfe5-6418-75e8-ac17-3f60d9b2847e")]
    pub request_id: String,
}

/// Which lines of the audit log, newest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditQuery {
    /// What this person did.
    pub actor: Option<CustomerId>,
    /// What was done to this person, or to this webhook.
    pub subject: Option<CustomerId>,
    /// How many.
    pub limit: Limit,
    /// The store's row number behind which the page starts.
    pub after: Option<i64>,
}
