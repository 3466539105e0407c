use crate::command::{Answer, Batch, RACES, none, too_many_races};
use crate::value::document;
use crate::{SqlServerStore, products, rows, statements};
use async_trait::async_trait;
use souk_domain::ports::Pricing;
use souk_domain::{Cause, Committed, CouponUse, PricingRule, Result, RuleKind, TaxRegion, Terms};
use tiberius::Row;

/// What saving a rule breaks when somebody makes one of its name at the same time.
const MADE_MEANWHILE: [&str; 1] = ["pricing_rule_pk"];

/// A limit of a coupon; 0 is none.
fn limit(uses: Option<u32>) -> i64 {
    uses.map_or(0, i64::from)
}

/// What the shop offers, of rows of products with their stock and rows of rules.
pub(crate) fn terms(offers: &[Row], rules: &[Row]) -> Result<Terms> {
    let products = offers.iter().map(products::read).collect::<Result<_>>()?;
    let mut terms = Terms { products, ..Default::default() };
    for row in rules {
        match rows::document(row, "document")? {
            PricingRule::ShippingMethod { code, rule } => terms.shipping_methods.push((code, rule)),
            // The country's own rate, where it has one.
            PricingRule::TaxRate { code, rule } if terms.tax.is_none() || code.as_str() != TaxRegion::ELSEWHERE => {
                terms.tax = Some(rule);
            }
            PricingRule::TaxRate { .. } => {}
            PricingRule::Coupon { rule, .. } => {
                let (total, by_customer) = (rows::column(row, "uses")?, rows::column(row, "own")?);
                terms.coupon = Some((rule, CouponUse { total, by_customer }));
            }
        }
    }
    Ok(terms)
}

#[async_trait]
impl Pricing for SqlServerStore {
    async fn save_rule(&self, rule: PricingRule, cause: &Cause) -> Result<Committed<PricingRule>> {
        let (max_uses, max_uses_per_customer) = rule.limits();
        let values = [
            rule.kind().as_str().into(),
            rule.code().into(),
            document(&rule)?,
            limit(max_uses).into(),
            limit(max_uses_per_customer).into(),
        ];
        let batch = Batch::new(&statements::SAVE_RULE, cause, values);
        for _ in 0..RACES {
            match self.attempt(&batch, none, &MADE_MEANWHILE).await? {
                Answer::Done(committed) => return Ok(committed),
                Answer::Refused(error) => return Err(error),
                Answer::Overtaken => {}
            }
        }
        Err(too_many_races())
    }

    async fn remove_rule(&self, kind: RuleKind, code: &str, cause: &Cause) -> Result<Committed<()>> {
        self.command(&statements::REMOVE_RULE, cause, [kind.as_str().into(), code.into()], none).await
    }

    async fn rules(&self, kind: RuleKind) -> Result<Vec<(PricingRule, i64)>> {
        let found = rows::only(self.query(statements::RULES, [kind.as_str().into()]).await?);
        found.iter().map(|row| Ok((rows::document(row, "document")?, rows::column(row, "uses")?))).collect()
    }
}
