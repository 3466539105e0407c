//! Asks payment providers for what orders want of them, outside of every transaction: what is wanted is written down before, and what the
//! provider says after. A crash in between leaves an order that `reconcile-payments` finds.

use crate::change::change;
use souk_domain::ports::{self, PaymentProvider};
use souk_domain::{
    Cause, Charge, Committed, CustomerId, DateTime, Error, Operation, OperationId, OperationKind, Order, OrderChange,
    OrderId, Payment, PaymentId, PaymentMethod, PaymentStatus, ProviderAnswer, ProviderPayment,
};
use souk_lambda::{Announcer, Till};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one request asks a provider for one thing after another. What is left then is left to `reconcile-payments`.
const LONGEST: Duration = Duration::from_secs(12);
/// How long a payment that the provider cannot find is looked for: what finds payments there may lag behind.
const LOOKED_FOR: chrono::Duration = chrono::Duration::days(1);

/// The way to the money.
#[derive(Clone)]
pub struct Settlement {
    orders: Arc<dyn ports::Orders>,
    announcer: Announcer,
    till: Till,
}

impl Settlement {
    /// Settles what `orders` want at the `till`.
    pub fn new(orders: Arc<dyn ports::Orders>, announcer: Announcer, till: Till) -> Self {
        Self { orders, announcer, till }
    }

    pub(crate) fn provider(&self) -> &dyn PaymentProvider {
        &*self.till.provider
    }

    /// Writes down that a buyer sets out to pay. The payment that this request began, now or when it came for the first time, and the
    /// order now.
    pub(crate) async fn begin(
        &self,
        id: OrderId,
        buyer: CustomerId,
        cause: &Cause,
    ) -> Result<(Committed<Order>, Option<PaymentId>), Error> {
        let (new, provider, capture) = (PaymentId::new(), self.provider().name(), self.till.capture);
        let start = move |order: &Order, cause: &Cause| order.start_payment(new, provider, capture, buyer, cause);
        let Committed { value, events, replayed } =
            change(&*self.orders, &self.announcer, id, Some(buyer), cause, start).await?;
        let last = value.payments.last().filter(|payment| payment.started_at == value.updated_at);
        let begun = last.map(|payment| payment.id);
        let value = if replayed.is_some() { self.orders.order(id, Some(buyer)).await? } else { value };
        Ok((Committed { value, events, replayed }, begun))
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

    /// Charges a payment that was written down and of which nothing was heard, while the order wants it; then settles what comes of it.
    pub(crate) async fn charge(
        &self,
        order: Order,
        id: PaymentId,
        method: PaymentMethod,
        cause: &Cause,
    ) -> Result<Order, Error> {
        let is_wanted = order.ended.is_none() && !order.is_paid();
        let is_open = |payment: &&Payment| {
            payment.id == id && payment.status == PaymentStatus::Started && payment.provider == self.provider().name()
        };
        let payment = order.payments.iter().filter(|_| is_wanted).find(is_open);
        let Some(payment) = payment else { return self.settle(order, cause).await };
        let charge = Charge {
            order_id: order.id,
            payment_id: id,
            description: format!("Order {}", order.number),
            amount: payment.amount.clone(),
            method,
            capture: payment.capture,
            return_url: format!("{}/payment?order={}", self.till.shop_url.trim_end_matches('/'), order.id),
        };
        let order = match self.provider().charge(&charge).await {
            Ok(ProviderAnswer::Taken(seen)) => self.observe(seen, cause).await?,
            Ok(ProviderAnswer::Refused { code, .. }) => {
                self.follow(order.id, cause, move |order, cause| order.charge_refused(id, &code, cause)).await?
            }
            Err(error) => {
                tracing::warn!(%error, payment = %id, "it is not known what became of a payment; reconcile-payments will ask");
                return Ok(order);
            }
        };
        self.settle(order, cause).await
    }

    /// Does what an order wants of the provider, each thing once, as far as it can be done now.
    pub(crate) async fn settle(&self, mut order: Order, cause: &Cause) -> Result<Order, Error> {
        let (started, mut asked) = (Instant::now(), HashSet::new());
        while let Some((reference, operation)) = self.wanted(&order, &asked)
            && started.elapsed() < LONGEST
        {
            asked.insert(operation.id);
            match self.ask(&reference, &operation).await {
                // One that is under way changes nothing yet: a notice or `reconcile-payments` will tell.
                Ok(ProviderAnswer::Taken(seen)) => order = self.observe(seen, cause).await?,
                Ok(ProviderAnswer::Refused { code, payment }) => {
                    // How things are may be why, and then nothing was refused.
                    if let Some(seen) = payment {
                        self.observe(*seen, cause).await?;
                    }
                    let refuse =
                        move |order: &Order, cause: &Cause| order.operation_refused(operation.id, &code, cause);
                    order = self.follow(order.id, cause, refuse).await?;
                }
                Err(error) => {
                    tracing::warn!(%error, operation = %operation.id, "the provider does not answer; reconcile-payments will ask");
                }
            }
        }
        Ok(order)
    }

    /// The first thing that an order wants of the provider and that was not asked for yet, and the provider's name of its payment.
    fn wanted(&self, order: &Order, asked: &HashSet<OperationId>) -> Option<(String, Operation)> {
        let ours = order.payments.iter().filter(|payment| payment.provider == self.provider().name());
        ours.filter_map(|payment| Some((payment.reference.as_ref()?, &payment.operations)))
            .flat_map(|(reference, operations)| operations.iter().map(move |operation| (reference, operation)))
            .find(|(_, operation)| operation.is_pending() && !asked.contains(&operation.id))
            .map(|(reference, operation)| (reference.clone(), operation.clone()))
    }

    async fn ask(&self, reference: &str, operation: &Operation) -> Result<ProviderAnswer, Error> {
        let amount = operation.amount.amount_minor();
        match operation.kind {
            OperationKind::Capture => self.provider().capture(reference, amount, operation.id).await,
            OperationKind::Void => self.provider().void(reference, operation.id).await,
            OperationKind::Refund => self.provider().refund(reference, amount, operation.id).await,
        }
    }

    /// Takes over what the provider says.
    pub(crate) async fn observe(&self, seen: ProviderPayment, cause: &Cause) -> Result<Order, Error> {
        self.follow(seen.order_id, cause, move |order, cause| order.observe(&seen, cause)).await
    }

    /// Asks the provider what became of a payment. One that it has not heard of since `give_up_before` has failed, and is looked for a day
    /// longer. One of a provider that the shop has no more wants a person.
    pub(crate) async fn look(
        &self,
        order: &Order,
        payment: &Payment,
        give_up_before: DateTime,
        cause: &Cause,
    ) -> Result<Order, Error> {
        if payment.provider != self.provider().name() {
            let why = "a payment is at a provider that the shop does not use any more";
            return self.follow(order.id, cause, move |order, cause| order.request_review(why, cause)).await;
        }
        match self.provider().payment(payment.id, payment.reference.as_deref()).await? {
            Some(seen) => self.observe(seen, cause).await,
            None if payment.started_at < give_up_before => {
                let (id, for_good) = (payment.id, payment.started_at < cause.at - LOOKED_FOR);
                self.follow(order.id, cause, move |order, cause| order.payment_unknown(id, for_good, cause)).await
            }
            None => Ok(order.clone()),
        }
    }

    /// Asks the provider about every payment of an order that may have come meanwhile.
    pub(crate) async fn look_at_all(&self, mut order: Order, cause: &Cause) -> Result<Order, Error> {
        for payment in order.payments.clone().iter().filter(|payment| payment.may_pay()) {
            order = self.look(&order, payment, DateTime::MIN_UTC, cause).await?;
        }
        self.settle(order, cause).await
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
