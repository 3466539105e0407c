//! What a batch says when it did not do what was asked.

use crate::rows;
use souk_domain::Error;

/// What the outcome of a batch that changed nothing means; `detail` is what it says more about it.
pub(crate) fn error(outcome: &str, detail: Option<&str>) -> Error {
    match outcome {
        "unknown_product" => Error::NotFound("product"),
        "unknown_customer" => Error::NotFound("customer"),
        "unknown_webhook" => Error::NotFound("webhook"),
        "unknown_delivery" => Error::NotFound("delivery"),
        "unknown_category_itself" => Error::NotFound("category"),
        "unknown_category" => Error::UnknownCategory,
        "category_cycle" => Error::CATEGORY_CYCLE,
        "product_discontinued" => Error::PRODUCT_DISCONTINUED,
        "stock_out_of_range" => Error::STOCK_OUT_OF_RANGE,
        "coupon_used_up" => Error::COUPON_USED_UP,
        "coupon_invalid" => Error::COUPON_INVALID,
        "invalid_link" => Error::invalid_link(),
        "second_factor_enabled" => Error::SECOND_FACTOR_ENABLED,
        "second_factor_missing" => Error::SECOND_FACTOR_MISSING,
        "customer_erased" => Error::CUSTOMER_ERASED,
        "stale" => match rows::parse(detail.unwrap_or_default()) {
            Ok(current) => Error::Stale { current },
            Err(unreadable) => unreadable,
        },
        other => rows::unreadable("outcome", other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_it_means_and_an_unknown_one_is_a_defect() {
        let stale = error("stale", Some("7"));
        assert!(matches!(stale, Error::Stale { current: 7 }), "{stale:?}");
        let unknown = error("stock_missing", None);
        assert!(matches!(unknown, Error::Internal(_)), "{unknown:?}");
    }
}
