use crate::{Money, ProductId, Sku, Version, Violation};
use serde::{Deserialize, Serialize};

/// What a port answers with.
pub type Result<T> = std::result::Result<T, Error>;

/// A product that an order asked for more of than there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    /// Which product.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// Pieces asked for.
    pub requested: i64,
    /// Pieces left.
    pub available: i64,
}

/// A product whose price is not the one that the buyer agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceChange {
    /// Which product.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// What the buyer agreed to pay for one piece.
    pub agreed: Money,
    /// What one piece costs now.
    pub price: Money,
}

/// Why a command or query failed, in terms of the domain. Knows nothing of HTTP.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value broke a rule.
    #[error(transparent)]
    Invalid(#[from] Violation),
    /// There is no such thing, or it is not the caller's.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Somebody else changed it first.
    #[error("stale version, now {current}")]
    Stale {
        /// The version it has now.
        current: Version,
    },
    /// The state of the shop forbids it.
    #[error("{code}: {message}")]
    Conflict {
        /// Stable `snake_case` word.
        code: &'static str,
        /// For a person.
        message: &'static str,
    },
    /// A product or category names a category that does not exist.
    #[error("unknown category")]
    UnknownCategory,
    /// An order names products that do not exist.
    #[error("unknown products {0:?}")]
    UnknownProducts(Vec<ProductId>),
    /// An order names products that are no longer sold.
    #[error("discontinued products {0:?}")]
    DiscontinuedProducts(Vec<ProductId>),
    /// The shop has less, or asks more, than the order says; everything at once.
    #[error("insufficient stock {shortages:?}, changed prices {price_changes:?}")]
    OfferChanged {
        /// Products that fall short.
        shortages: Vec<Shortage>,
        /// Products with another price than agreed.
        price_changes: Vec<PriceChange>,
    },
    /// The order costs another sum than the buyer agreed to.
    #[error("the total is {total:?} now")]
    TotalChanged {
        /// What it costs now.
        total: Money,
    },
    /// An idempotency key came with another request than before.
    #[error("idempotency key reused")]
    KeyReused,
    /// A part that is needed does not answer. Trying again later may help.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect: an answer that should not exist.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// A category of that name stands there already.
    pub const CATEGORY_NAME_TAKEN: Self =
        Self::conflict("category_name_taken", "the parent has a category of this name already");
    /// A category that products stand in cannot go.
    pub const CATEGORY_IN_USE: Self = Self::conflict("category_in_use", "products use this category");
    /// A category that has others below it cannot go.
    pub const CATEGORY_HAS_CHILDREN: Self =
        Self::conflict("category_has_children", "other categories are below this one");
    /// A category cannot stand below itself.
    pub const CATEGORY_CYCLE: Self = Self::conflict("category_cycle", "a category cannot be below itself");
    /// A product with that SKU exists.
    pub const SKU_TAKEN: Self = Self::conflict("sku_taken", "another product has this SKU");
    /// The e-mail address belongs to somebody.
    pub const EMAIL_TAKEN: Self = Self::conflict("email_taken", "this e-mail address is registered already");
    /// Stock cannot be corrected below what orders hold, nor beyond a billion.
    pub const STOCK_OUT_OF_RANGE: Self =
        Self::conflict("stock_out_of_range", "stock on hand stays between what orders have reserved and 1000000000");
    /// The order's life does not lead there.
    pub const ORDER_STATUS: Self = Self::conflict("order_status", "the order's status does not allow this");
    /// Another payment may still bring the money.
    pub const PAYMENT_IN_PROGRESS: Self =
        Self::conflict("payment_in_progress", "another payment of this order is under way; wait for it or void it");
    /// Goods are not sent for money that is only held.
    pub const PAYMENT_NOT_CAPTURED: Self =
        Self::conflict("payment_not_captured", "the money is held but has not moved; capture the payment first");
    /// No more goes back than came.
    pub const REFUND_TOO_LARGE: Self =
        Self::conflict("refund_too_large", "a refund is more than nothing and at most what is left of the payment");
    /// The order has no such pieces for this.
    pub const NOT_IN_ORDER: Self = Self::conflict("not_in_order", "the order does not have these pieces for this");
    /// Everything was sent.
    pub const NOTHING_TO_SHIP: Self = Self::conflict("nothing_to_ship", "nothing of the order is left to be sent");
    /// The return's life does not lead there.
    pub const RETURN_STATUS: Self = Self::conflict("return_status", "the return's status does not allow this");
    /// Without its buyer's address nobody could send it.
    pub const ORDERS_UNSENT: Self =
        Self::conflict("orders_unsent", "orders are still to be sent to you; wait for them, or cancel them");
    /// Fifty notes of one author are a thread for another place.
    pub const TOO_MANY_NOTES: Self = Self::conflict("too_many_notes", "an order has up to 50 notes of one author");
    /// Ten attempts to pay are enough.
    pub const TOO_MANY_PAYMENTS: Self = Self::conflict("too_many_payments", "too many payments of this order failed");
    /// A parcel is sent once, with what is in it.
    pub const PARCEL_SENT: Self = Self::conflict("parcel_sent", "this parcel was sent with something else in it");
    /// There is no such coupon, or not now, or not in this currency.
    pub const COUPON_INVALID: Self =
        Self::conflict("coupon_invalid", "the coupon does not exist or is not valid for this order now");
    /// The order is too small for the coupon.
    pub const COUPON_MINIMUM: Self = Self::conflict("coupon_minimum", "the order is below the coupon's minimum");
    /// As many orders as may have used the coupon.
    pub const COUPON_USED_UP: Self = Self::conflict("coupon_used_up", "the coupon was used as often as it may be");
    /// Goods that are sent need a way to go.
    pub const SHIPPING_METHOD_REQUIRED: Self = Self::conflict(
        "shipping_method_required",
        "choose how the order is sent; /api/v1/shipping-methods lists the ways",
    );
    /// The way does not lead there.
    pub const SHIPPING_METHOD_UNAVAILABLE: Self =
        Self::conflict("shipping_method_unavailable", "the shop does not send this order to this address that way");
    /// A discontinued product is not changed any more.
    pub const PRODUCT_DISCONTINUED: Self = Self::conflict("product_discontinued", "the product is discontinued");

    /// The account has a confirmed authenticator.
    pub const SECOND_FACTOR_ENABLED: Self =
        Self::conflict("second_factor_enabled", "a second factor is set up already; remove it first");
    /// The account has no authenticator that could be confirmed.
    pub const SECOND_FACTOR_MISSING: Self = Self::conflict("second_factor_missing", "no second factor is set up");
    /// A cart holds so many products and no more.
    pub const CART_FULL: Self = Self::conflict("cart_full", "a cart holds up to 200 products");
    /// A cart becomes an order once.
    pub const CART_ORDERED: Self = Self::conflict("cart_ordered", "this cart became an order; open another one");
    /// A forgotten customer stays forgotten.
    pub const CUSTOMER_ERASED: Self = Self::conflict("customer_erased", "the customer was erased");

    /// The token of a link is unknown, too old or was used.
    pub fn invalid_link() -> Self {
        Self::Invalid(Violation::new("invalid_link", "the link is not valid (any more); ask for a new one"))
    }

    const fn conflict(code: &'static str, message: &'static str) -> Self {
        Self::Conflict { code, message }
    }

    /// A defect of the configuration.
    pub fn configuration(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}
