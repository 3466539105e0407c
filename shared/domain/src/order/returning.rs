use super::change::Draft;
use super::history::reason;
use super::{Order, OrderChange, OrderStep, ShippedPieces};
use crate::{Cause, CustomerId, DateTime, Error, MovementKind, Quantity, Reason, Result, ReturnId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Why something comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// The buyer thought better of it.
    ChangedMind,
    /// It is broken.
    Damaged,
    /// It is another thing than was ordered.
    WrongItem,
    /// It is not what the shop said.
    NotAsDescribed,
    /// Anything else.
    Other,
}

/// Where a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStatus {
    /// The buyer wants to send it back.
    Requested,
    /// They may.
    Approved,
    /// They may not.
    Rejected,
    /// It is there, and its money is on its way back.
    Received,
}

/// What becomes of goods that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceivedGoods {
    /// They are sold again.
    Restock,
    /// They are not.
    WriteOff,
}

/// Goods that were sent and come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoodsReturn {
    /// Stable name for programs.
    pub id: ReturnId,
    /// Where it is.
    pub status: ReturnStatus,
    /// Why.
    pub reason: ReturnReason,
    /// What.
    pub lines: Vec<ShippedPieces>,
    /// What became of the goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<ReceivedGoods>,
    /// UTC.
    pub requested_at: DateTime,
    /// UTC.
    pub updated_at: DateTime,
}

impl Order {
    /// Writes down that the buyer wants to send pieces back.
    ///
    /// # Errors
    /// `not_in_order` for a line or pieces that were not sent, or are coming back already.
    pub fn request_return(
        &self,
        lines: &[ShippedPieces],
        why: ReturnReason,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        let mut wanted = BTreeMap::new();
        for piece in lines {
            *wanted.entry(piece.product_id).or_insert(0_u64) += u64::from(piece.quantity.get());
        }
        let lines: Vec<ShippedPieces> = wanted
            .into_iter()
            .map(|(product_id, pieces)| {
                let line = self.lines.iter().find(|line| line.product_id == product_id).ok_or(Error::NOT_IN_ORDER)?;
                let is_there = pieces + self.coming_back(line.product_id) <= u64::from(line.shipped);
                let quantity = u32::try_from(pieces).ok().filter(|_| is_there).ok_or(Error::NOT_IN_ORDER)?;
                Ok(ShippedPieces { product_id, quantity: Quantity::new(quantity)? })
            })
            .collect::<Result<_>>()?;
        if lines.is_empty() {
            return Err(Error::NOT_IN_ORDER);
        }
        let mut draft = Draft::of(self, cause);
        let (requested_at, updated_at) = (cause.at, cause.at);
        let (id, status, received) = (ReturnId::new(), ReturnStatus::Requested, None);
        draft.order.returns.push(GoodsReturn { id, status, reason: why, lines, received, requested_at, updated_at });
        draft.note(OrderStep::ReturnRequested, Some(actor), None);
        draft.finish()
    }

    /// Pieces of a product that came back or may.
    fn coming_back(&self, product_id: crate::ProductId) -> u64 {
        let counted = self.returns.iter().filter(|goods| goods.status != ReturnStatus::Rejected);
        let pieces = counted.flat_map(|goods| &goods.lines).filter(|piece| piece.product_id == product_id);
        pieces.map(|piece| u64::from(piece.quantity.get())).sum()
    }

    /// Lets the buyer send it back. Nothing when they may already.
    ///
    /// # Errors
    /// `NotFound`, `return_status`
    pub fn approve_return(&self, id: ReturnId, actor: CustomerId, cause: &Cause) -> Result<Option<OrderChange>> {
        self.answer_return(id, ReturnStatus::Approved, None, actor, cause)
    }

    /// Does not let the buyer send it back. Nothing when they may not already.
    ///
    /// # Errors
    /// `NotFound`, `return_status`
    pub fn reject_return(
        &self,
        id: ReturnId,
        why: &Reason,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        self.answer_return(id, ReturnStatus::Rejected, Some(why), actor, cause)
    }

    fn answer_return(
        &self,
        id: ReturnId,
        answer: ReturnStatus,
        why: Option<&Reason>,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        let goods = draft.goods(id)?;
        match goods.status {
            status if status == answer => return Ok(None),
            ReturnStatus::Requested => goods.status = answer,
            _ => return Err(Error::RETURN_STATUS),
        }
        goods.updated_at = cause.at;
        let step = if answer == ReturnStatus::Approved { OrderStep::ReturnApproved } else { OrderStep::ReturnRejected };
        draft.note(step, Some(actor), why.map(Reason::to_string));
        draft.finish()
    }

    /// Takes goods back that the buyer may send, and asks the provider to give their money back, unless it `is_settled`: it went back
    /// before, as an amount of its own, or there is none to give. Nothing when they are there already.
    ///
    /// # Errors
    /// `NotFound`, `return_status`
    pub fn receive_return(
        &self,
        id: ReturnId,
        becomes: ReceivedGoods,
        is_settled: bool,
        actor: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        let mut draft = Draft::of(self, cause);
        let goods = draft.goods(id)?;
        match goods.status {
            ReturnStatus::Received => return Ok(None),
            ReturnStatus::Approved => goods.status = ReturnStatus::Received,
            _ => return Err(Error::RETURN_STATUS),
        }
        goods.received = Some(becomes);
        goods.updated_at = cause.at;
        let lines = goods.lines.clone();
        let mut told = Vec::new();
        for ShippedPieces { product_id, quantity } in &lines {
            if let Some(line) = draft.line(*product_id) {
                line.returned += quantity.get();
                told.push(line.describe(quantity.get()));
            }
            if becomes == ReceivedGoods::Restock {
                draft.moves(*product_id, MovementKind::Returned, quantity.get());
            }
        }
        let told = told.join(", ");
        if is_settled {
            draft.note(OrderStep::ReturnReceived, Some(actor), Some(format!("{told}; their money is settled")));
            draft.settle_returned(&lines);
        } else {
            draft.note(OrderStep::ReturnReceived, Some(actor), Some(told));
            draft.refund_returned(&lines, reason("goods came back"), actor)?;
        }
        draft.finish()
    }
}

impl Draft<'_> {
    fn goods(&mut self, id: ReturnId) -> Result<&mut GoodsReturn> {
        self.order.returns.iter_mut().find(|goods| goods.id == id).ok_or(Error::NotFound("return"))
    }
}
