//! Every statement, as it is sent. The files say what their parameters are.

use std::sync::LazyLock;

const BEGIN: &str = include_str!("../sql/begin_command.sql");
const END: &str = include_str!("../sql/end_command.sql");

/// A command: its own part between what all commands begin and end with.
pub(crate) struct Command {
    text: LazyLock<String, fn() -> String>,
}

impl Command {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

macro_rules! commands {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) static $name: Command =
            Command { text: LazyLock::new(|| format!("{BEGIN}{}{END}", include_str!(concat!("../sql/", $file, ".sql")))) };)*
        #[cfg(test)]
        pub(crate) fn all_commands() -> Vec<(&'static str, &'static str)> {
            vec![$(($file, $name.text())),*]
        }
    };
}

macro_rules! queries {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: &str = include_str!(concat!("../sql/", $file, ".sql"));)*
        #[cfg(test)]
        pub(crate) fn all_queries() -> Vec<(&'static str, &'static str)> {
            vec![$(($file, $name)),*]
        }
    };
}

commands! {
    ADJUST_STOCK = "adjust_stock";
    CANCEL_ORDER = "cancel_order";
    CREATE_CATEGORY = "create_category";
    CREATE_PRODUCT = "create_product";
    DELETE_CATEGORY = "delete_category";
    DISCONTINUE_PRODUCT = "discontinue_product";
    IMPORT_PRODUCTS = "import_products";
    PLACE_ORDER = "place_order";
    REGISTER_CUSTOMER = "register_customer";
    UPDATE_CATEGORY = "update_category";
    UPDATE_PRODUCT = "update_product";
}

queries! {
    CATEGORIES = "categories";
    CATEGORY = "category";
    CLAIM_UNPUBLISHED = "claim_unpublished";
    CREDENTIALS = "credentials";
    CUSTOMER = "customer";
    EXPIRE_IDEMPOTENCY_KEYS = "expire_idempotency_keys";
    IMPORT_KNOWN = "import_known";
    LAST_PUBLISHED = "last_published";
    MARK_PUBLISHED = "mark_published";
    MOVEMENTS = "movements";
    ORDER = "order";
    ORDERS = "orders";
    PING = "ping";
    PRODUCT = "product";
    REPUBLISH = "republish";
    STOCK = "stock";
}
