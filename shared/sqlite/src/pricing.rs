use crate::errors::{failed, internal};
use crate::{SqliteStore, rows};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use souk_domain::ports::Pricing;
use souk_domain::{
    Cause, Committed, Coupon, CouponCode, CouponUse, CustomerId, PricingRule, Result, RuleKind, TaxRegion,
};

fn read(row: &Row<'_>) -> rusqlite::Result<(PricingRule, i64)> {
    Ok((rows::document(row, "document")?, row.get("uses")?))
}

/// Every rule of a kind, by name.
pub(crate) fn rules(connection: &Connection, kind: RuleKind) -> Result<Vec<(PricingRule, i64)>> {
    rows::all(
        connection,
        "SELECT document, uses FROM pricing_rule WHERE kind = ?1 ORDER BY code",
        [kind.as_str()],
        read,
    )
}

/// The rule of a tax that holds for a country, or elsewhere.
pub(crate) fn tax_rate(connection: &Connection, country: Option<&str>) -> Result<Option<PricingRule>> {
    let elsewhere = TaxRegion::ELSEWHERE;
    let sql = "SELECT document, uses FROM pricing_rule WHERE kind = 'tax_rate' AND code IN (?1, ?2) ORDER BY code = ?2 LIMIT 1";
    let found = rows::maybe(connection, sql, [country.unwrap_or(elsewhere), elsewhere], read)?;
    Ok(found.map(|(rule, _)| rule))
}

/// A coupon and how often it was used.
pub(crate) fn coupon(
    connection: &Connection,
    code: &CouponCode,
    customer: CustomerId,
) -> Result<Option<(Coupon, CouponUse)>> {
    let sql = "SELECT document, uses FROM pricing_rule WHERE kind = 'coupon' AND code = ?1";
    let Some((PricingRule::Coupon { rule, .. }, total)) = rows::maybe(connection, sql, [code.as_str()], read)? else {
        return Ok(None);
    };
    let sql = "SELECT u.uses FROM coupon_use u JOIN customer c USING (customer_key) WHERE u.code = ?1 AND c.id = ?2";
    let by_customer = rows::maybe(connection, sql, params![code.as_str(), customer.uuid()], |row| row.get(0))?;
    Ok(Some((rule, CouponUse { total, by_customer: by_customer.unwrap_or_default() })))
}

fn save(connection: &Connection, rule: &PricingRule, cause: &Cause) -> Result<()> {
    let (max_uses, max_uses_per_customer) = rule.limits();
    rows::execute(
        connection,
        // A coupon that comes back remembers the orders that use it.
        "INSERT INTO pricing_rule (kind, code, document, uses, max_uses, max_uses_per_customer, created_at, updated_at)
         VALUES (?1, ?2, ?3, (SELECT coalesce(sum(uses), 0) FROM coupon_use WHERE ?1 = 'coupon' AND code = ?2), ?4, ?5, ?6, ?6)
         ON CONFLICT DO UPDATE SET document = ?3, max_uses = ?4, max_uses_per_customer = ?5, updated_at = ?6",
        params![
            rule.kind().as_str(),
            rule.code(),
            serde_json::to_string(rule).map_err(internal)?,
            max_uses,
            max_uses_per_customer,
            cause.at.timestamp_micros(),
        ],
    )
    .map(drop)
    .map_err(failed)
}

#[async_trait]
impl Pricing for SqliteStore {
    async fn save_rule(&self, rule: PricingRule, cause: &Cause) -> Result<Committed<PricingRule>> {
        let work = move |connection: &Connection, cause: &Cause| {
            save(connection, &rule, cause)?;
            Ok((rule, Vec::new()))
        };
        self.command(cause, work).await
    }

    async fn remove_rule(&self, kind: RuleKind, code: &str, cause: &Cause) -> Result<Committed<()>> {
        let code = code.to_owned();
        let work = move |connection: &Connection, _: &Cause| {
            let sql = "DELETE FROM pricing_rule WHERE kind = ?1 AND code = ?2";
            rows::execute(connection, sql, [kind.as_str(), code.as_str()]).map_err(failed)?;
            Ok(((), Vec::new()))
        };
        self.command(cause, work).await
    }

    async fn rules(&self, kind: RuleKind) -> Result<Vec<(PricingRule, i64)>> {
        self.read(move |connection| rules(connection, kind)).await
    }
}
