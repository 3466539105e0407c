use super::change::Draft;
use super::{Ending, Note, NoteText, Order, OrderChange, OrderStep};
use crate::{Cause, CustomerId, Error, Result};

impl Order {
    /// Ends an order of which nothing was sent; stock and money go back. Nothing when it was cancelled.
    ///
    /// # Errors
    /// `order_status`
    pub fn cancel(&self, actor: CustomerId, cause: &Cause) -> Result<Option<OrderChange>> {
        match self.ended {
            Some(Ending::Cancelled) => return Ok(None),
            Some(Ending::Expired) => return Err(Error::ORDER_STATUS),
            None if self.lines.iter().any(|line| line.shipped > 0) => return Err(Error::ORDER_STATUS),
            None => {}
        }
        let mut draft = Draft::of(self, cause);
        draft.end(Ending::Cancelled);
        draft.note(OrderStep::Cancelled, Some(actor), None);
        draft.give_all_back("the order was cancelled")?;
        draft.finish()
    }

    /// Ends an order whose time to pay is over; its stock goes back. Nothing when it was paid, is over, or still has time.
    ///
    /// # Errors
    /// None of its own.
    pub fn expire(&self, cause: &Cause) -> Result<Option<OrderChange>> {
        if self.ended.is_some() || self.is_paid() || self.expires_at().is_none_or(|expires| expires > cause.at) {
            return Ok(None);
        }
        let mut draft = Draft::of(self, cause);
        draft.end(Ending::Expired);
        draft.note(OrderStep::Expired, None, None);
        draft.give_all_back("the order expired")?;
        draft.finish()
    }

    /// Writes something about an order.
    ///
    /// # Errors
    /// `too_many_notes` after fifty of one author.
    pub fn add_note(
        &self,
        text: &NoteText,
        is_public: bool,
        author: CustomerId,
        cause: &Cause,
    ) -> Result<Option<OrderChange>> {
        // Each for themselves: a buyer must not use up what staff has.
        if self.notes.iter().filter(|note| note.author == author).count() >= 50 {
            return Err(Error::TOO_MANY_NOTES);
        }
        let mut draft = Draft::of(self, cause);
        draft.order.notes.push(Note { at: cause.at, author, text: text.clone(), is_public });
        draft.note(OrderStep::NoteAdded, Some(author), None);
        draft.finish()
    }
}

impl Draft<'_> {
    fn end(&mut self, ending: Ending) {
        self.order.ended = Some(ending);
        self.order.payment_due_at = None;
        self.release_unsent();
    }
}
