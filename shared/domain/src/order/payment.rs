use super::ShippedPieces;
use crate::{CaptureMode, CustomerId, DateTime, Money, OperationId, PaymentId, Reason};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The provider was asked and has not been heard.
    Started,
    /// The provider does not know yet.
    Processing,
    /// The buyer must do something at the provider.
    ActionRequired,
    /// The provider holds the money.
    Authorised,
    /// The money moved.
    Captured,
    /// It did not, and will not.
    Failed,
    /// What was held was let go.
    Voided,
}

impl PaymentStatus {
    /// Whether nobody can say yet what will become of it.
    pub fn is_unknown(self) -> bool {
        matches!(self, PaymentStatus::Started | PaymentStatus::Processing)
    }
}

/// What a provider is asked to do with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Move what it holds.
    Capture,
    /// Let go of what it holds.
    Void,
    /// Give back.
    Refund,
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// It is written down; the provider may or may not have heard of it.
    Pending,
    /// It is done.
    Succeeded,
    /// It is not, and will not be.
    Failed,
}

/// One thing that a provider is asked to do. It is written down before the provider hears of it, and its id is the key under which the
/// provider does it once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Its name here and at the provider.
    pub id: OperationId,
    /// What.
    pub kind: OperationKind,
    /// How much.
    pub amount: Money,
    /// The pieces whose money a refund gives back; none for an amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ShippedPieces>,
    /// What became of it.
    pub status: OperationStatus,
    /// The provider's word for why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "insufficient_funds")]
    pub failure: Option<String>,
    /// Why it is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who wants it; absent for the shop itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<CustomerId>,
    /// UTC.
    pub started_at: DateTime,
    /// UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime>,
}

impl Operation {
    /// Whether the provider still has to answer.
    pub fn is_pending(&self) -> bool {
        self.status == OperationStatus::Pending
    }
}

/// A refund that somebody made at the provider, past the shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundElsewhere {
    /// The provider's name for it.
    #[schema(example = "re_3OaB2c")]
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Whether the money stayed after all.
    pub has_failed: bool,
}

/// An attempt to pay an order. Its id is the key under which the provider charges once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Our name, which the provider knows as well.
    pub id: PaymentId,
    /// Who moves the money.
    #[schema(example = "stripe")]
    pub provider: String,
    /// The provider's name for it, once it was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "pi_3OaB2c")]
    pub reference: Option<String>,
    /// Where it is.
    pub status: PaymentStatus,
    /// When the money moves.
    pub capture: CaptureMode,
    /// What was asked for.
    pub amount: Money,
    /// What moved.
    pub captured: Money,
    /// What of it went back.
    pub refunded: Money,
    /// What somebody gave back at the provider, past the shop; it is part of `refunded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds_elsewhere: Vec<RefundElsewhere>,
    /// Whether the buyer disputes it, or did: their bank takes the money back, or asks whether it should.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = false)]
    pub is_disputed: bool,
    /// Where the buyer must do something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://hooks.stripe.com/3d_secure_2/hosted?merchant=acct_1")]
    pub action_url: Option<String>,
    /// The provider's word for why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "card_declined")]
    pub failure: Option<String>,
    /// What the provider was asked to do with it, oldest first.
    pub operations: Vec<Operation>,
    /// UTC.
    pub started_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

impl Payment {
    /// How long an order waits for money that may be on its way, after its time to pay is over.
    pub const PATIENCE: Duration = Duration::minutes(10);
    /// How long a provider holds money at least. It lets go after a week, and its notice of that may be lost.
    const HOLD: Duration = Duration::days(6);
    /// Why a payment failed that the provider had not heard of. It is asked for a day longer, since it may have been slow to find.
    pub const NEVER_REACHED: &str = "never_reached_provider";
    /// Why it failed for good.
    pub const NEVER_CAME: &str = "never_came";

    /// What may still be given back, in minor units: refunds under way count as given.
    pub fn refundable(&self) -> i64 {
        let pending = self.pending(OperationKind::Refund).map(|operation| operation.amount.amount_minor()).sum::<i64>();
        (self.captured.amount_minor() - self.refunded.amount_minor() - pending).max(0)
    }

    /// Whether it may pay the order, now or later: it brings money that is not on its way back.
    pub fn may_pay(&self) -> bool {
        match self.status {
            PaymentStatus::Started | PaymentStatus::Processing | PaymentStatus::ActionRequired => true,
            PaymentStatus::Authorised => self.pending(OperationKind::Void).next().is_none(),
            PaymentStatus::Captured => self.refundable() > 0,
            PaymentStatus::Failed | PaymentStatus::Voided => false,
        }
    }

    /// Whether it was given up without a word of the provider, which may still find it.
    pub fn is_missing(&self) -> bool {
        self.status == PaymentStatus::Failed && self.failure.as_deref() == Some(Self::NEVER_REACHED)
    }

    /// Operations of a kind that the provider has not answered.
    pub fn pending(&self, kind: OperationKind) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(move |operation| operation.kind == kind && operation.is_pending())
    }

    /// Since when the provider owes an answer, or should be asked whether it still holds the money.
    pub fn unsettled_since(&self) -> Option<DateTime> {
        let itself = match self.status {
            PaymentStatus::Started | PaymentStatus::Processing | PaymentStatus::ActionRequired => Some(self.updated_at),
            PaymentStatus::Authorised => Some(self.updated_at + Self::HOLD),
            PaymentStatus::Failed if self.is_missing() => Some(self.updated_at),
            _ => None,
        };
        let operations = self.operations.iter().filter(|operation| operation.is_pending());
        operations.map(|operation| operation.started_at).chain(itself).min()
    }

    /// Asks for something, in the document.
    pub(super) fn ask(&mut self, kind: OperationKind, amount: Money, at: DateTime) -> &mut Operation {
        self.operations.push_mut(Operation {
            id: OperationId::new(),
            kind,
            amount,
            lines: Vec::new(),
            status: OperationStatus::Pending,
            failure: None,
            reason: None,
            actor: None,
            started_at: at,
            settled_at: None,
        })
    }
}
