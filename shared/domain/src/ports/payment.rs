use crate::{Charge, DateTime, OperationId, PaymentId, ProviderAnswer, ProviderPayment, Result};
use async_trait::async_trait;

/// Moves money. Fails with `Unavailable` when it is not known what became of a wish: it may have been taken. Every wish carries a key
/// under which the provider takes it once, so it may be sent again, and [`PaymentProvider::payment`] tells what became of it.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// The name under which orders remember the provider.
    fn name(&self) -> &'static str;

    /// Authorises a payment, and captures it unless told to wait.
    async fn charge(&self, charge: &Charge) -> Result<ProviderAnswer>;

    /// How the provider sees a payment; `None` when it has never heard of it. Without the provider's `reference` it is looked for by
    /// our name, which may lag behind by a minute.
    async fn payment(&self, id: PaymentId, reference: Option<&str>) -> Result<Option<ProviderPayment>>;

    /// How the provider sees the payment that it calls `reference`; `None` when there is none, or it is none of ours.
    async fn payment_by_reference(&self, reference: &str) -> Result<Option<ProviderPayment>>;

    /// Takes what is held.
    async fn capture(&self, reference: &str, amount_minor: i64, key: OperationId) -> Result<ProviderAnswer>;

    /// Lets go of what is held, or gives up on a challenge.
    async fn void(&self, reference: &str, key: OperationId) -> Result<ProviderAnswer>;

    /// Gives back a part of what was taken.
    async fn refund(&self, reference: &str, amount_minor: i64, key: OperationId) -> Result<ProviderAnswer>;

    /// Reads a notice that arrived at `now`: the provider's name of the payment that something became of, `None` when it is about nothing of
    /// ours. What became of it, the provider is asked, so the order of notices does not matter. Fails with `invalid_signature` when the
    /// provider did not write it, or not in the last five minutes.
    fn notice(&self, signature: &str, body: &[u8], now: DateTime) -> Result<Option<String>>;
}
