use crate::command::none;
use crate::{SqlServerStore, rows, statements};
use async_trait::async_trait;
use souk_domain::ports::Inventory;
use souk_domain::{
    Adjustment, Cause, Change, Committed, Limit, Movement, MovementCursor, Page, ProductId, Result, StockLevel, Version,
};

/// Further from zero than any stock level: a difference beyond it is out of range wherever it starts, and adding it to a
/// level does not overflow.
const FAR: i64 = 1 << 60;

#[async_trait]
impl Inventory for SqlServerStore {
    async fn adjust_stock(
        &self,
        adjustment: Adjustment,
        expected: Option<Version>,
        cause: &Cause,
    ) -> Result<Committed<StockLevel>> {
        let (counted, number): (i64, i64) = match adjustment.change {
            Change::To(number) => (1, number),
            Change::By(number) => (0, number),
        };
        let values = [
            adjustment.product_id.uuid().into(),
            expected.unwrap_or_default().into(),
            counted.into(),
            number.clamp(-FAR, FAR).into(),
            adjustment.reason.as_str().into(),
            adjustment.actor.uuid().into(),
        ];
        self.command(&statements::ADJUST_STOCK, cause, values, none).await
    }

    async fn stock(&self, id: ProductId) -> Result<StockLevel> {
        let found = self.query(statements::STOCK, [id.uuid().into()]).await?;
        rows::document(&rows::one(found, "product")?, "document")
    }

    async fn movements(
        &self,
        id: ProductId,
        limit: Limit,
        after: Option<MovementCursor>,
    ) -> Result<Page<Movement, MovementCursor>> {
        let before = after.map_or(Version::MAX, |MovementCursor(version)| version);
        let values = [id.uuid().into(), before.into(), (limit.get() + 1).into()];
        let found = rows::only(self.query(statements::MOVEMENTS, values).await?);
        if found.is_empty() {
            return Err(souk_domain::Error::NotFound("product"));
        }
        let mut movements: Vec<Movement> = Vec::with_capacity(found.len());
        for row in &found {
            if let Some(document) = rows::maybe(row, "document")? {
                movements.push(rows::parse(document)?);
            }
        }
        Ok(Page::cut(movements, limit, |movement| MovementCursor(movement.version)))
    }
}
