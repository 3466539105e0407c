use crate::{ProductId, Sku, Version, Violation};
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
    /// An order asks for more than there is; every shortage at once.
    #[error("insufficient stock {0:?}")]
    InsufficientStock(Vec<Shortage>),
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
    /// A discontinued product is not changed any more.
    pub const PRODUCT_DISCONTINUED: Self = Self::conflict("product_discontinued", "the product is discontinued");

    const fn conflict(code: &'static str, message: &'static str) -> Self {
        Self::Conflict { code, message }
    }

    /// A defect of the configuration.
    pub fn configuration(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}
