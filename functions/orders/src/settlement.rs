//! Asks payment providers for what orders want of them, outside of every transaction: what is wanted is written down before, and what the
//! provider says after. A crash in between leaves an order that `reconcile-payments` finds.

use crate::change::change;
use souk_domain::ports::{self, PaymentProvider};
use souk_domain::{
    Cause, Charge, Committed, CustomerId, DateTime, Error, Operation, OperationKind, Order, OrderChange, OrderId,
    Payment, PaymentId, PaymentMethod, PaymentStatus, ProviderAnswer, ProviderPayment,
};
use souk_lambda::Announcer;
use std::sync::Arc;

/// Things asked of a provider in one go. More are left to `reconcile-payments`: something goes in circles.
const MOST: usize = 20;

/// The way to the money.
#[derive(Clone)]
pub struct Settlement {
    orders: Arc<dyn ports::Orders>,
    announcer: Announcer,
    provider: Arc<dyn PaymentProvider>,
    shop_url: String,
}

impl Settlement {
    /// Asks `provider`; buyers come back to `shop_url` from a challenge.
    pub fn new(
        orders: Arc<dyn ports::Orders>,
        announcer: Announcer,
        provider: Arc<dyn PaymentProvider>,
        shop_url: &str,
    ) -> Self {
        Self { orders, announcer, provider, shop_url: shop_url.trim_end_matches('/').to_owned() }
    }

    pub(crate) fn provider(&self) -> &dyn PaymentProvider {
        &*self.provider
    }

    /// Changes an order as `decide` says, then does what it wants of the provider. A repetition goes on where the first run stopped.
    pub(crate) async fn change(
        &self,
        id: OrderId,
        owner: Option<CustomerId>,
        cause: &Cause,
        decide: impl Fn(&Order, &Cause) -> Result<Option<OrderChange>, Error> + Send + Sync + 'static,
    ) -> Result<Committed<Order>, Error> {
        let committed = change(&*self.orders, &self.announcer, id, owner, cause, decide).await?;
        let Committed { value, events, replayed } = committed;
        let order = if replayed.is_some() { self.orders.order(id, owner).await? } else { value };
        let value = self.settle(order, cause).await?;
        Ok(Committed { value, events, replayed })
    }

    /// Charges a payment that was written down, and settles what comes of it.
    pub(crate) async fn charge(
        &self,
        order: Order,
        id: PaymentId,
        method: PaymentMethod,
        cause: &Cause,
    ) -> Result<Order, Error> {
        let payment = order
            .payments
            .iter()
            .find(|payment| payment.id == id)
            .filter(|payment| payment.status == PaymentStatus::Started);
        let Some(payment) = payment else { return self.settle(order, cause).await };
        let charge = Charge {
            order_id: order.id,
            payment_id: id,
            description: format!("Order {}", order.number),
            amount: payment.amount.clone(),
            method,
            capture: payment.capture,
            return_url: format!("{}/payment?order={}", self.shop_url, order.id),
        };
        let order = match self.provider.charge(&charge).await {
            Ok(ProviderAnswer::Taken(seen)) => self.observe(seen, cause).await?,
            Ok(ProviderAnswer::Refused { code }) => {
                self.follow(order.id, cause, move |order, cause| order.charge_refused(id, &code, cause)).await?
            }
            Err(error) => {
                tracing::warn!(%error, payment = %id, "it is not known what became of a payment; reconcile-payments will ask");
                return Ok(order);
            }
        };
        self.settle(order, cause).await
    }

    /// Does what an order wants of the provider until nothing is left that can be done now.
    pub(crate) async fn settle(&self, mut order: Order, cause: &Cause) -> Result<Order, Error> {
        for _ in 0..MOST {
            let wanted = order.payments.iter().filter(|payment| payment.provider == self.provider.name());
            let wanted = wanted.filter_map(|payment| {
                Some((payment.reference.clone()?, payment.operations.iter().find(|o| o.is_pending())?))
            });
            let Some((reference, operation)) =
                wanted.map(|(reference, operation)| (reference, operation.clone())).next()
            else {
                return Ok(order);
            };
            match self.ask(&reference, &operation).await {
                Ok(ProviderAnswer::Taken(seen)) => {
                    let version = order.version;
                    order = self.observe(seen, cause).await?;
                    if order.version == version {
                        // It is under way: a notice or `reconcile-payments` will tell.
                        return Ok(order);
                    }
                }
                Ok(ProviderAnswer::Refused { code }) => {
                    let id = operation.id;
                    order = self
                        .follow(order.id, cause, move |order, cause| order.operation_refused(id, &code, cause))
                        .await?;
                }
                Err(error) => {
                    tracing::warn!(%error, operation = %operation.id, "the provider does not answer; reconcile-payments will ask");
                    return Ok(order);
                }
            }
        }
        Ok(order)
    }

    async fn ask(&self, reference: &str, operation: &Operation) -> Result<ProviderAnswer, Error> {
        let amount = operation.amount.amount_minor();
        match operation.kind {
            OperationKind::Capture => self.provider.capture(reference, amount, operation.id).await,
            OperationKind::Void => self.provider.void(reference, operation.id).await,
            OperationKind::Refund => self.provider.refund(reference, amount, operation.id).await,
        }
    }

    /// Takes over what the provider says.
    pub(crate) async fn observe(&self, seen: ProviderPayment, cause: &Cause) -> Result<Order, Error> {
        self.follow(seen.order_id, cause, move |order, cause| order.observe(&seen, cause)).await
    }

    /// Asks the provider what became of a payment; one that it has not heard of in a long time will not come.
    pub(crate) async fn look(
        &self,
        order: &Order,
        payment: &Payment,
        give_up_before: DateTime,
        cause: &Cause,
    ) -> Result<Order, Error> {
        match self.provider.payment(payment.id, payment.reference.as_deref()).await? {
            Some(seen) => self.observe(seen, cause).await,
            None if payment.status == PaymentStatus::Started && payment.started_at < give_up_before => {
                let id = payment.id;
                self.follow(order.id, cause, move |order, cause| order.payment_unknown(id, cause)).await
            }
            None => Ok(order.clone()),
        }
    }

    /// A change that follows from another: its own time, no claim.
    async fn follow(
        &self,
        id: OrderId,
        cause: &Cause,
        decide: impl Fn(&Order, &Cause) -> Result<Option<OrderChange>, Error> + Send + Sync + 'static,
    ) -> Result<Order, Error> {
        let cause = Cause { at: souk_domain::now(), claim: None, ..cause.clone() };
        change(&*self.orders, &self.announcer, id, None, &cause, decide).await.map(|committed| committed.value)
    }
}
