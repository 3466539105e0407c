use crate::Violation;

/// How many items a page of a list holds: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// `items` items a page.
    ///
    /// # Errors
    /// `invalid_limit`
    pub fn new(items: i64) -> Result<Self, Violation> {
        match items {
            1..=100 => Ok(Self(items.unsigned_abs() as u16)),
            _ => Err(Violation::new("invalid_limit", "a limit is 1 to 100")),
        }
    }

    /// Items a page.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

/// One page of a list that is walked by keyset: `next` is the position behind the last item, absent at the end.
#[derive(Clone, Debug)]
pub struct Page<T, C> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// Where the next page starts.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// A page from `limit + 1` rows or fewer: the row too many says that there is a next page and is dropped.
    pub fn cut(mut items: Vec<T>, limit: Limit, position: impl Fn(&T) -> C) -> Self {
        let more = items.len() > limit.get();
        items.truncate(limit.get());
        let next = items.last().filter(|_| more).map(position);
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_next() {
        let limit = Limit::new(2).expect("a limit");
        assert_eq!(Page::cut(vec![1, 2], limit, |last| *last).next, None);
        let page = Page::cut(vec![1, 2, 3], limit, |last| *last);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(2)));
        assert!(Limit::new(0).is_err() && Limit::new(101).is_err());
    }
}
