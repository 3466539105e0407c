//! What a batch says when it did not do what was asked.

use crate::rows;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use souk_domain::{CurrencyCode, Error, Money, PriceChange, ProductId, ProductStatus, Quantity, Result, Shortage, Sku};

/// The outcome of a batch that changed nothing, and more about it.
pub(crate) struct Refusal<'a> {
    pub(crate) outcome: &'a str,
    pub(crate) detail: Option<&'a str>,
}

impl Refusal<'_> {
    /// What the refusal means; `None` when it was overtaken by another command.
    pub(crate) fn error(&self) -> Result<Option<Error>> {
        Ok(Some(match self.outcome {
            "unknown_product" => Error::NotFound("product"),
            "unknown_order" => Error::NotFound("order"),
            "unknown_customer" => Error::NotFound("customer"),
            "unknown_category_itself" => Error::NotFound("category"),
            "unknown_category" => Error::UnknownCategory,
            "category_cycle" => Error::CATEGORY_CYCLE,
            "product_discontinued" => Error::PRODUCT_DISCONTINUED,
            "stock_out_of_range" => Error::STOCK_OUT_OF_RANGE,
            "order_status" => Error::ORDER_STATUS,
            "mixed_currencies" => Money::two_currencies().into(),
            "amount_too_large" => Money::too_large().into(),
            "invalid_link" => Error::invalid_link(),
            "second_factor_enabled" => Error::SECOND_FACTOR_ENABLED,
            "second_factor_missing" => Error::SECOND_FACTOR_MISSING,
            "customer_erased" => Error::CUSTOMER_ERASED,
            "stale" => Error::Stale { current: self.detail()? },
            "refused_lines" => return refused_lines(&self.detail::<Vec<Met>>()?),
            other => return Err(rows::unreadable("outcome", other)),
        }))
    }

    fn detail<T: DeserializeOwned>(&self) -> Result<T> {
        rows::parse(self.detail.unwrap_or_default())
    }
}

/// What a line of a refused order met: absent what an unknown product lacks. Flat, because engines differ in what becomes of an
/// object without members.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Met {
    product_id: ProductId,
    requested: Quantity,
    agreed_minor: Option<i64>,
    agreed_currency: Option<CurrencyCode>,
    sku: Option<Sku>,
    status: Option<ProductStatus>,
    price_minor: Option<i64>,
    currency: Option<CurrencyCode>,
    available: Option<i64>,
}

impl Met {
    fn shortage(&self, sku: &Sku) -> Option<Shortage> {
        let requested = i64::from(self.requested);
        let available = self.available.filter(|available| *available < requested)?;
        Some(Shortage { product_id: self.product_id, sku: sku.clone(), requested, available })
    }

    fn price_change(&self, sku: &Sku, price: &Money) -> Result<Option<PriceChange>> {
        let change =
            |agreed| PriceChange { product_id: self.product_id, sku: sku.clone(), agreed, price: price.clone() };
        let agreed = money(self.agreed_minor, self.agreed_currency.as_ref())?;
        Ok(agreed.filter(|agreed| agreed != price).map(change))
    }
}

fn money(minor: Option<i64>, currency: Option<&CurrencyCode>) -> Result<Option<Money>> {
    Ok(minor.zip(currency.cloned()).map(|(minor, currency)| Money::new(minor, currency)).transpose()?)
}

/// What refuses the lines, all of it; `None` when nothing does any more.
fn refused_lines(lines: &[Met]) -> Result<Option<Error>> {
    let that = |wanted: fn(&Met) -> bool| {
        lines.iter().filter(|line| wanted(line)).map(|line| line.product_id).collect::<Vec<_>>()
    };
    let unknown = that(|line| line.sku.is_none());
    let discontinued = that(|line| line.status == Some(ProductStatus::Discontinued));
    if !unknown.is_empty() {
        return Ok(Some(Error::UnknownProducts(unknown)));
    }
    if !discontinued.is_empty() {
        return Ok(Some(Error::DiscontinuedProducts(discontinued)));
    }
    let (mut shortages, mut price_changes, mut total) = (Vec::new(), Vec::new(), None::<Money>);
    for line in lines {
        let Some((sku, price)) = line.sku.as_ref().zip(money(line.price_minor, line.currency.as_ref())?) else {
            continue;
        };
        // What cannot be one order at all comes first, but the batch has not summed up lines whose price changed.
        let amount = price.times(line.requested)?;
        total = Some(total.map_or(Ok(amount.clone()), |sum| sum.plus(&amount))?);
        shortages.extend(line.shortage(sku));
        price_changes.extend(line.price_change(sku, &price)?);
    }
    let is_refused = !shortages.is_empty() || !price_changes.is_empty();
    Ok(is_refused.then_some(Error::OfferChanged { shortages, price_changes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    fn refused(lines: Value) -> Result<Option<Error>> {
        Refusal { outcome: "refused_lines", detail: Some(&lines.to_string()) }.error()
    }

    /// A line for two pieces at 1.00, of which one is left, with other members.
    fn line(other: Value) -> Value {
        let mut line = json!({
            "productId": ID, "requested": 2, "sku": "A", "status": "active", "priceMinor": 100, "currency": "GBP", "available": 1,
        });
        for (name, value) in other.as_object().expect("an object") {
            line[name] = value.clone();
        }
        line
    }

    #[test]
    fn unknown_products_are_told_before_discontinued_ones_and_those_before_changes() {
        let unknown = json!({ "productId": ID, "requested": 1 });
        let discontinued = line(json!({ "status": "discontinued" }));
        let all = refused(json!([line(json!({})), discontinued, unknown]));
        assert!(matches!(&all, Ok(Some(Error::UnknownProducts(ids))) if ids.len() == 1), "{all:?}");
        let known = refused(json!([line(json!({})), discontinued]));
        assert!(matches!(&known, Ok(Some(Error::DiscontinuedProducts(ids))) if ids.len() == 1), "{known:?}");
    }

    #[test]
    fn shortages_and_price_changes_are_told_together() {
        let agreed = |minor: i64, currency: &str| line(json!({ "agreedMinor": minor, "agreedCurrency": currency }));
        let lines = json!([agreed(100, "GBP"), agreed(99, "GBP"), agreed(100, "EUR"), line(json!({ "available": 2 }))]);
        let Ok(Some(Error::OfferChanged { shortages, price_changes })) = refused(lines) else { panic!("no change") };
        assert_eq!((shortages.len(), shortages[0].requested, shortages[0].available), (3, 2, 1));
        let agreed: Vec<_> =
            price_changes.iter().map(|change| (change.agreed.amount_minor(), change.price.amount_minor())).collect();
        assert_eq!(agreed, [(99, 100), (100, 100)]);
    }

    #[test]
    fn lines_that_nothing_refuses_any_more_are_tried_again() {
        let fine = line(json!({ "available": 2, "agreedMinor": 100, "agreedCurrency": "GBP" }));
        assert!(matches!(refused(json!([fine])), Ok(None)));
    }

    #[test]
    fn lines_that_cannot_be_one_order_are_refused_for_that() {
        let changed = line(json!({ "agreedMinor": 1, "agreedCurrency": "GBP" }));
        let mixed = refused(json!([changed, line(json!({ "currency": "EUR" }))]));
        assert!(matches!(&mixed, Err(Error::Invalid(violation)) if violation.code == "invalid_currency"), "{mixed:?}");
        let dear = refused(json!([changed, line(json!({ "priceMinor": 9_007_199_254_740_991_i64 }))]));
        assert!(matches!(&dear, Err(Error::Invalid(violation)) if violation.code == "amount_too_large"), "{dear:?}");
    }
}
