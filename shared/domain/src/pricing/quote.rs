use super::rounding::allocate;
use super::{Coupon, CouponUse, Discount, ShippingMethod, TaxRate};
use crate::{
    CurrencyCode, Error, MethodCode, Money, NewOrder, NewOrderLine, OrderLine, OrderTotals, PriceChange, Product,
    ProductId, ProductStatus, Result, Shortage, StockLevel,
};
use crate::{DateTime, order::ChosenShipping};
use std::collections::HashMap;

/// What the shop offers at a moment, as far as a wish is concerned.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The products of the wish and their stock, in no order; unknown ones are missing.
    pub products: Vec<(Product, StockLevel)>,
    /// Every way to send an order.
    pub shipping_methods: Vec<(MethodCode, ShippingMethod)>,
    /// The tax where the order goes.
    pub tax: Option<TaxRate>,
    /// The coupon of the wish and how often it was used, when there is such a coupon.
    pub coupon: Option<(Coupon, CouponUse)>,
}

/// A line of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotedLine {
    /// The line as the order will have it.
    pub line: OrderLine,
    /// What the buyer agreed to pay for one piece.
    pub agreed_price: Option<Money>,
}

/// What a wish costs, to the last penny.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The wish.
    pub new: NewOrder,
    /// One line for each product.
    pub lines: Vec<QuotedLine>,
    /// The sums.
    pub totals: OrderTotals,
    /// The tax that is in them.
    pub tax: TaxRate,
    /// How it goes.
    pub shipping: Option<ChosenShipping>,
}

impl Quote {
    /// What `new` costs on these terms. Each amount is rounded once: the discount on the goods and the tax on the whole, both then split
    /// so that the parts sum up.
    ///
    /// # Errors
    /// `UnknownProducts`, `DiscontinuedProducts`, `OfferChanged` (each with all of them), `amount_too_large`, `invalid_currency`,
    /// `coupon_invalid`, `coupon_minimum`, `coupon_used_up`, `shipping_method_required`, `shipping_method_unavailable`,
    /// `total_changed`.
    pub fn new(new: NewOrder, terms: &Terms, now: DateTime) -> Result<Self> {
        let offers = offers(new.lines(), terms)?;
        let prices = offers.iter().map(|(wish, product)| product.price.times(wish.quantity));
        let prices = prices.collect::<std::result::Result<Vec<_>, _>>()?;
        let goods = Money::sum(&prices)?;
        let currency = goods.currency().clone();
        refuse_changes(&offers, terms)?;

        let prices: Vec<i64> = prices.iter().map(Money::amount_minor).collect();
        let coupon = coupon(&new, terms, &goods, now)?;
        let discount = coupon.map_or(0, |coupon| coupon.off_goods(goods.amount_minor()));
        let discounts = allocate(discount, &prices);
        let shipping = shipping(&new, terms, &offers, goods.amount_minor() - discount, &currency)?;
        let is_free = coupon.is_some_and(|coupon| coupon.discount == Discount::FreeShipping);
        let shipping_price = shipping.filter(|_| !is_free).map_or(0, |(_, _, price)| price);

        // The last part is the shipping, which is taxed as the goods are.
        let mut taxed: Vec<i64> = prices.iter().zip(&discounts).map(|(price, discount)| price - discount).collect();
        taxed.push(shipping_price);
        let tax = terms.tax.clone().unwrap_or(TaxRate::NONE);
        let taxes = allocate(tax.of(taxed.iter().sum()), &taxed);

        let money = |minor| Money::new(minor, currency.clone());
        let line = |(((wish, product), discount), tax_part): (((&NewOrderLine, &Product), &i64), &i64)| {
            let line = OrderLine::new(product, wish.quantity, money(*discount)?, money(*tax_part)?, tax.is_included)?;
            Ok(QuotedLine { line, agreed_price: wish.agreed_price.clone() })
        };
        let lines: Vec<QuotedLine> = offers
            .iter()
            .map(|(wish, product)| (*wish, *product))
            .zip(&discounts)
            .zip(&taxes)
            .map(line)
            .collect::<std::result::Result<_, crate::Violation>>()?;
        let tax_sum: i64 = taxes.iter().sum();
        let added = if tax.is_included { 0 } else { tax_sum };
        let totals = OrderTotals {
            discount: money(discount)?,
            shipping: money(shipping_price)?,
            shipping_tax: money(taxes.last().copied().unwrap_or_default())?,
            tax: money(tax_sum)?,
            grand_total: money(taxed.iter().sum::<i64>() + added)?,
            paid: money(0)?,
            refunded: money(0)?,
            goods,
        };
        if new.agreed_total.as_ref().is_some_and(|agreed| *agreed != totals.grand_total) {
            return Err(Error::TotalChanged { total: totals.grand_total });
        }
        let shipping =
            shipping.map(|(code, method, _)| ChosenShipping { code: code.clone(), name: method.name.clone() });
        Ok(Self { new, lines, totals, tax, shipping })
    }
}

/// What is on offer for each line, or every product that is not.
fn offers<'a>(lines: &'a [NewOrderLine], terms: &'a Terms) -> Result<Vec<(&'a NewOrderLine, &'a Product)>> {
    let known: HashMap<ProductId, &Product> = terms.products.iter().map(|(product, _)| (product.id, product)).collect();
    let unknown: Vec<_> = lines.iter().map(|line| line.product_id).filter(|id| !known.contains_key(id)).collect();
    if !unknown.is_empty() {
        return Err(Error::UnknownProducts(unknown));
    }
    let offers: Vec<_> = lines.iter().filter_map(|line| Some((line, *known.get(&line.product_id)?))).collect();
    let is_discontinued = |(_, product): &&(&NewOrderLine, &Product)| product.status == ProductStatus::Discontinued;
    let discontinued: Vec<_> = offers.iter().filter(is_discontinued).map(|(line, _)| line.product_id).collect();
    if discontinued.is_empty() { Ok(offers) } else { Err(Error::DiscontinuedProducts(discontinued)) }
}

/// Tells every shortage and every price that was not agreed to.
fn refuse_changes(offers: &[(&NewOrderLine, &Product)], terms: &Terms) -> Result<()> {
    let available: HashMap<ProductId, i64> =
        terms.products.iter().map(|(_, stock)| (stock.product_id, stock.available)).collect();
    let shortage = |(line, product): &(&NewOrderLine, &Product)| {
        let (product_id, requested) = (line.product_id, i64::from(line.quantity));
        let available = available.get(&product_id).copied().unwrap_or_default();
        let shortage = Shortage { product_id, sku: product.sku.clone(), requested, available };
        (available < requested).then_some(shortage)
    };
    let price_change = |(line, product): &(&NewOrderLine, &Product)| {
        let agreed = line.agreed_price.clone().filter(|agreed| *agreed != product.price)?;
        let (product_id, sku, price) = (line.product_id, product.sku.clone(), product.price.clone());
        Some(PriceChange { product_id, sku, agreed, price })
    };
    let shortages: Vec<_> = offers.iter().filter_map(shortage).collect();
    let price_changes: Vec<_> = offers.iter().filter_map(price_change).collect();
    match shortages.is_empty() && price_changes.is_empty() {
        true => Ok(()),
        false => Err(Error::OfferChanged { shortages, price_changes }),
    }
}

fn coupon<'a>(new: &NewOrder, terms: &'a Terms, goods: &Money, now: DateTime) -> Result<Option<&'a Coupon>> {
    if new.coupon.is_none() {
        return Ok(None);
    }
    let (coupon, used) = terms.coupon.as_ref().ok_or(Error::COUPON_INVALID)?;
    coupon.allows(goods, *used, now)?;
    Ok(Some(coupon))
}

/// How the order goes and for how much. Goods that are sent need a method where the shop has one.
fn shipping<'a>(
    new: &NewOrder,
    terms: &'a Terms,
    offers: &[(&NewOrderLine, &Product)],
    goods_minor: i64,
    currency: &CurrencyCode,
) -> Result<Option<(&'a MethodCode, &'a ShippingMethod, i64)>> {
    let Some(address) = &new.shipping_address else {
        return if new.shipping_method.is_some() { Err(Error::SHIPPING_METHOD_UNAVAILABLE) } else { Ok(None) };
    };
    let mut fitting = terms.shipping_methods.iter().filter(|(_, method)| method.goes_to(&address.country, currency));
    let Some(wanted) = &new.shipping_method else {
        return if fitting.next().is_some() { Err(Error::SHIPPING_METHOD_REQUIRED) } else { Ok(None) };
    };
    let (code, method) = fitting.find(|(code, _)| code == wanted).ok_or(Error::SHIPPING_METHOD_UNAVAILABLE)?;
    let grams = offers.iter().map(|(line, product)| i64::from(line.quantity) * i64::from(product.weight_grams)).sum();
    Ok(Some((code, method, method.price(grams, goods_minor))))
}

#[cfg(test)]
mod tests;
