//! Orders on their way: placed, changed, paid, and checked after every step.

use crate::shop::{ENDLESS, FAR, Shop, cause, limit, outbox, product_name};
use chrono::Duration;
use souk_domain::ports::{Offer, Orders, Sweep};
use souk_domain::{
    Address, Aggregate, CaptureMode, Cause, Committed, CountryCode, CustomerId, DateTime, Dispatch, Event, EventData,
    Movement, NewOrder, NoteText, OperationKind, Order, OrderChange, OrderId, OrderSearch, PaymentId, Placement,
    ProductId, ProviderPayment, ProviderRefund, ProviderState, Quantity, Quote, RefundState, Result, ShippedPieces,
    StockLevel, Terms,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How long an order waits for its money.
pub(crate) const WINDOW: Duration = Duration::hours(1);

/// What an order says to a command.
pub(crate) type Decision = Result<Option<OrderChange>>;

impl Shop {
    /// Buys as functions do: asks for the terms, quotes, places.
    pub(crate) async fn buy(&self, new: NewOrder, cause: &Cause) -> Result<Committed<Order>> {
        let orders: &dyn Orders = &*self.store;
        orders.buy(new, WINDOW, cause).await
    }

    pub(crate) async fn place(&self, new: NewOrder) -> Result<Committed<Order>> {
        self.buy(new, &cause()).await
    }

    /// The terms for a wish that was not granted before.
    pub(crate) async fn terms(&self, new: &NewOrder) -> Terms {
        match self.store.terms(new, &cause()).await.expect("an offer") {
            Offer::Terms(terms) => terms,
            Offer::Made(made) => panic!("{made:?}"),
        }
    }

    /// What a wish is on the terms of this moment, yet to be placed.
    pub(crate) async fn quoted(&self, new: NewOrder, cause: &Cause) -> Placement {
        let terms = self.terms(&new).await;
        Placement::new(Quote::new(new, &terms, cause.at).expect("a quote"), cause.at, WINDOW)
    }

    pub(crate) async fn change<D>(&self, id: OrderId, decide: D) -> Result<Committed<Order>>
    where
        D: Fn(&Order, &Cause) -> Decision + Send + Sync + 'static,
    {
        self.change_as(id, None, &cause(), decide).await
    }

    pub(crate) async fn change_as<D>(
        &self,
        id: OrderId,
        owner: Option<CustomerId>,
        cause: &Cause,
        decide: D,
    ) -> Result<Committed<Order>>
    where
        D: Fn(&Order, &Cause) -> Decision + Send + Sync + 'static,
    {
        let own = cause.clone();
        self.store.change_order(id, owner, Arc::new(move |order: &Order| decide(order, &own)), cause).await
    }

    pub(crate) async fn cancel(&self, id: OrderId) -> Result<Committed<Order>> {
        let staff = self.staff;
        self.change(id, move |order, cause| order.cancel(staff, cause)).await
    }

    /// Writes a note that the buyer does not see.
    pub(crate) async fn note(&self, id: OrderId, text: &str) -> Result<Committed<Order>> {
        let (staff, text) = (self.staff, note(text));
        self.change(id, move |order, cause| order.add_note(&text, false, staff, cause)).await
    }

    /// The buyer sets out to pay.
    pub(crate) async fn start_payment(&self, id: OrderId, capture: CaptureMode, cause: &Cause) -> Order {
        let (payment, staff) = (PaymentId::new(), self.staff);
        let start = move |order: &Order, cause: &Cause| order.start_payment(payment, "sandbox", capture, staff, cause);
        self.change_as(id, None, cause, start).await.expect("a payment").value
    }

    /// The provider says where the last payment is; every refund that it was asked for is done.
    pub(crate) async fn observe(&self, id: OrderId, state: ProviderState) -> Order {
        let observe = move |order: &Order, cause: &Cause| order.observe(&seen(order, state.clone()), cause);
        self.change(id, observe).await.expect("an order").value
    }

    /// Lets the buyer pay.
    pub(crate) async fn pay(&self, id: OrderId) -> Order {
        self.start_payment(id, CaptureMode::Automatic, &cause()).await;
        self.observe(id, ProviderState::Captured).await
    }

    /// Every order of a customer, newest first.
    pub(crate) async fn orders(&self, customer: CustomerId) -> Vec<Order> {
        let (mut orders, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.orders(customer, limit(100), after).await.expect("a page");
            orders.extend(page.items);
            assert!(orders.len() <= ENDLESS, "the pages have no end");
            after = page.next;
            if after.is_none() {
                return orders;
            }
        }
    }

    /// Every order that a search finds, page by page; no page but the last has less than it may.
    pub(crate) async fn search(&self, search: OrderSearch) -> Vec<Order> {
        let (mut orders, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.search_orders(OrderSearch { after, ..search.clone() }).await.expect("a page");
            assert!(page.items.len() == search.limit.get() || page.next.is_none());
            orders.extend(page.items);
            assert!(orders.len() <= ENDLESS, "the pages have no end");
            after = page.next;
            if after.is_none() {
                return orders;
            }
        }
    }

    /// Every order that a sweep finds, page by page.
    pub(crate) async fn waiting(&self, sweep: Sweep, before: DateTime) -> Vec<OrderId> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.waiting_orders(sweep, before, limit(3), after).await.expect("a page");
            assert!(page.items.len() == 3 || page.next.is_none());
            found.extend(page.items);
            assert!(found.len() <= ENDLESS, "the pages have no end");
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    }

    /// Changes an order and checks that the store kept what the order said, all of it or nothing: document, stock, ledger, events and
    /// when it waits for a sweep.
    pub(crate) async fn step<D>(&self, id: OrderId, cause: &Cause, decide: D) -> Result<Order>
    where
        D: Fn(&Order, &Cause) -> Decision + Send + Sync + 'static,
    {
        let (before, events) = (self.store.order(id, None).await.expect("an order"), outbox(&self.store).await.len());
        let stock = self.stock_of(&before).await;
        let said = Arc::new(Mutex::new(None));
        let hears = said.clone();
        let decide = move |order: &Order, cause: &Cause| {
            let decision = decide(order, cause);
            *hears.lock().expect("no panic") = decision.as_ref().ok().cloned().flatten();
            decision
        };
        let done = self.change_as(id, None, cause, decide).await;
        let change = said.lock().expect("no panic").take();
        let (after, told) =
            (self.store.order(id, None).await.expect("an order"), outbox(&self.store).await.split_off(events));
        match (&done, &change) {
            (Ok(done), Some(change)) => {
                assert_eq!((&done.value, &done.replayed), (&change.order, &None));
                assert_eq!(after, change.order);
                assert_told(&done.events, change, cause);
                assert_eq!(sorted(told), sorted(done.events.clone()));
            }
            (Ok(done), None) => {
                assert_eq!((&done.value, &after), (&before, &before));
                assert!(done.events.is_empty() && told.is_empty());
            }
            (Err(_), _) => assert!(after == before && told.is_empty()),
        }
        self.assert_moved(&stock, change.as_ref().filter(|_| done.is_ok()), cause).await;
        self.assert_waits(&after).await;
        done.map(|done| done.value)
    }

    async fn stock_of(&self, order: &Order) -> BTreeMap<ProductId, StockLevel> {
        let mut stock = BTreeMap::new();
        for line in &order.lines {
            stock.insert(line.product_id, self.stock(line.product_id).await);
        }
        stock
    }

    /// Checks that stock and ledger moved as the change says since `before`, and not otherwise.
    async fn assert_moved(
        &self,
        before: &BTreeMap<ProductId, StockLevel>,
        change: Option<&OrderChange>,
        cause: &Cause,
    ) {
        for (id, old) in before {
            let moves =
                change.iter().flat_map(|change| &change.moves).filter(|stock_move| stock_move.product_id == *id);
            let mut moves: Vec<_> = moves.map(|m| (m.kind.as_str(), m.on_hand_change(), m.reserved_change())).collect();
            let (stock, ledger) = (self.stock(*id).await, self.ledger(*id).await);
            assert_eq!(stock.on_hand, old.on_hand + moves.iter().map(|(_, on_hand, _)| on_hand).sum::<i64>());
            assert_eq!(stock.reserved, old.reserved + moves.iter().map(|(_, _, reserved)| reserved).sum::<i64>());
            assert_eq!(stock.version, old.version + moves.len() as i64);
            let newest = &ledger[..moves.len()];
            let told = |m: &Movement| (m.kind.as_str(), m.on_hand_change, m.reserved_change);
            let mut kept: Vec<_> = newest.iter().map(told).collect();
            kept.sort_unstable();
            moves.sort_unstable();
            assert_eq!(kept, moves);
            let of_this = |m: &Movement| {
                m.order_id == change.map(|change| change.order.id) && m.at == cause.at && m.reason.is_none()
            };
            assert!(newest.iter().all(of_this), "{newest:?}");
            self.assert_ledger_balances(*id).await;
        }
    }

    /// Checks that the sweeps find an order from the moment on that it says, and not before.
    pub(crate) async fn assert_waits(&self, order: &Order) {
        let moments = [(Sweep::Unpaid, order.expires_at()), (Sweep::Unsettled, order.unsettled_since())];
        for (sweep, since) in moments {
            let moment = since.unwrap_or(FAR);
            assert_eq!(self.waiting(sweep, moment).await.contains(&order.id), since.is_some(), "{sweep:?} {since:?}");
            let early = moment - Duration::microseconds(1);
            assert!(
                since.is_none() || !self.waiting(sweep, early).await.contains(&order.id),
                "{sweep:?} before {moment}"
            );
        }
    }
}

fn sorted(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| event.id);
    events
}

/// Checks that events tell of the order once, as it is now, and of the stock of each product that moved.
fn assert_told(events: &[Event], change: &OrderChange, cause: &Cause) {
    let of_order: Vec<_> = events.iter().filter(|event| event.data.aggregate() == Aggregate::Order).collect();
    let [event] = of_order[..] else { panic!("one event of the order: {events:?}") };
    let mut expected = Event::order_changed(&change.order, change.step, cause);
    expected.id = event.id;
    assert_eq!(*event, expected);
    let mut told: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.data {
            EventData::InventoryChanged(stock) => Some(stock.product_id),
            _ => None,
        })
        .collect();
    let mut moved: Vec<_> = change.moves.iter().map(|stock_move| stock_move.product_id).collect();
    assert_eq!(of_order.len() + told.len(), events.len(), "{events:?}");
    told.sort();
    told.dedup();
    moved.sort();
    moved.dedup();
    assert_eq!(told, moved);
    for event in events {
        assert_eq!((event.time, &event.correlation_id), (cause.at, &cause.correlation_id));
    }
}

/// How the provider of an order's last payment sees it; every refund that it was asked for is done.
pub(crate) fn seen(order: &Order, state: ProviderState) -> ProviderPayment {
    let payment = order.payments.last().expect("a payment");
    let refunds = payment.operations.iter().filter(|operation| operation.kind == OperationKind::Refund);
    let refunds = refunds.map(|operation| ProviderRefund {
        reference: format!("re_{}", operation.id),
        operation_id: Some(operation.id),
        amount_minor: operation.amount.amount_minor(),
        state: RefundState::Succeeded,
    });
    let amount_minor = payment.amount.amount_minor();
    ProviderPayment {
        payment_id: payment.id,
        order_id: order.id,
        reference: format!("ref-{}", payment.id),
        captured_minor: if state == ProviderState::Captured { amount_minor } else { 0 },
        state,
        amount_minor,
        refunds: refunds.collect(),
        is_disputed: false,
    }
}

pub(crate) fn note(text: &str) -> NoteText {
    NoteText::parse(text).expect("a note")
}

/// So many pieces of a product, in a parcel or on their way back.
pub(crate) fn sent(product_id: ProductId, number: u32) -> ShippedPieces {
    ShippedPieces { product_id, quantity: Quantity::new(number).expect("a quantity") }
}

/// A parcel with these pieces.
pub(crate) fn parcel(tracking: &str, lines: impl IntoIterator<Item = ShippedPieces>) -> Dispatch {
    let (carrier, tracking_number) = (product_name("Pošta 😀"), tracking.parse().expect("a tracking number"));
    Dispatch { carrier, tracking_number, lines: Some(lines.into_iter().collect()) }
}

pub(crate) fn country(code: &str) -> CountryCode {
    CountryCode::parse(code).expect("a country")
}

/// The same wish, sent somewhere.
pub(crate) fn to(mut new: NewOrder, address: Address) -> NewOrder {
    new.shipping_address = Some(address);
    new
}

/// A moment after the one that tests run at.
pub(crate) fn in_future(after: Duration) -> Cause {
    Cause { at: souk_domain::now() + after, ..cause() }
}
