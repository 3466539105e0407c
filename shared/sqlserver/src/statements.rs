//! Every statement, as it is sent. The files say what their parameters are.

use std::sync::LazyLock;

const BEGIN: &str = include_str!("../sql/begin_command.sql");
const END: &str = include_str!("../sql/end_command.sql");

/// What is sent, and its name in traces.
#[derive(Clone, Copy)]
pub(crate) struct Statement<'a> {
    pub(crate) name: &'static str,
    pub(crate) text: &'a str,
}

/// A command: its own parts between what all commands begin and end with.
pub(crate) struct Command {
    name: &'static str,
    text: LazyLock<String, fn() -> String>,
}

impl Command {
    pub(crate) fn statement(&self) -> Statement<'_> {
        Statement { name: self.name, text: &self.text }
    }
}

/// Without comments and indentation, which are a third of the bytes and sent with every call.
fn compact(parts: &[&str]) -> String {
    let lines = parts.iter().flat_map(|part| part.lines()).map(str::trim_start).filter(|line| !line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

macro_rules! commands {
    ($($name:ident = $($file:literal),+;)*) => {
        $(pub(crate) static $name: Command = Command {
            name: stringify!($name),
            text: LazyLock::new(|| compact(&[BEGIN, $(include_str!(concat!("../sql/", $file, ".sql"))),+, END])),
        };)*
        #[cfg(test)]
        pub(crate) fn all_commands() -> Vec<(&'static str, &'static str)> {
            vec![$((stringify!($name), $name.statement().text)),*]
        }
        #[cfg(test)]
        fn files_of_commands() -> Vec<&'static str> {
            vec![$($($file),+),*]
        }
    };
}

macro_rules! queries {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: Statement<'static> =
            Statement { name: stringify!($name), text: include_str!(concat!("../sql/", $file, ".sql")) };)*
        #[cfg(test)]
        pub(crate) fn all_queries() -> Vec<(&'static str, &'static str)> {
            vec![$(($file, $name.text)),*]
        }
    };
}

commands! {
    ADJUST_STOCK = "adjust_stock";
    CHANGE_PASSWORD = "change_password";
    CONFIRM_SECOND_FACTOR = "confirm_second_factor";
    CREATE_CATEGORY = "create_category";
    CREATE_PRODUCT = "create_product";
    CREATE_WEBHOOK = "create_webhook";
    DELETE_CATEGORY = "delete_category";
    DISCONTINUE_PRODUCT = "discontinue_product";
    END_ORDER_WITH_COUPON = "keep_order", "move_stock", "free_coupon";
    END_SESSIONS = "end_sessions";
    ERASE_CUSTOMER = "erase_customer";
    IMPORT_PRODUCTS = "import_products";
    INVITE_STAFF = "invite_staff";
    KEEP_ORDER = "keep_order";
    KEEP_ORDER_AND_STOCK = "keep_order", "move_stock";
    KEEP_WEBHOOK = "keep_webhook";
    OFFER_SECOND_FACTOR = "offer_second_factor";
    PLACE_ORDER = "place_order";
    PLACE_ORDER_WITH_COUPON = "place_order", "use_coupon";
    RECORD_AUDIT = "record_audit";
    REDELIVER_WEBHOOK = "redeliver_webhook";
    REGISTER_CUSTOMER = "register_customer";
    REMOVE_RULE = "remove_rule";
    REMOVE_SECOND_FACTOR = "remove_second_factor";
    REMOVE_WEBHOOK = "remove_webhook";
    REQUEST_MAIL = "request_mail";
    RESET_PASSWORD = "reset_password";
    SAVE_RULE = "save_rule";
    SET_CUSTOMER_STATUS = "set_customer_status";
    UPDATE_CATEGORY = "update_category";
    UPDATE_PRODUCT = "update_product";
    UPDATE_PROFILE = "update_profile";
    USE_RECOVERY_CODE = "use_recovery_code";
    USE_STEP = "use_step";
    VERIFY_EMAIL = "verify_email";
}

queries! {
    ACCOUNT = "account";
    ACCOUNT_OF = "account_of";
    ARCHIVE_OUTBOX = "archive_outbox";
    CATEGORIES = "categories";
    CATEGORY = "category";
    CLAIM_UNPUBLISHED = "claim_unpublished";
    CLAIM_WEBHOOK_DELIVERIES = "claim_webhook_deliveries";
    CUSTOMER = "customer";
    ENQUEUE_WEBHOOKS = "enqueue_webhooks";
    EVENTS_SINCE = "events_since";
    EXPIRE_IDEMPOTENCY_KEYS = "expire_idempotency_keys";
    EXPIRE_MAILS = "expire_mails";
    EXPIRE_WEBHOOK_DELIVERIES = "expire_webhook_deliveries";
    FIRST_RESULT = "first_result";
    IMPORT_KNOWN = "import_known";
    LAST_PUBLISHED = "last_published";
    MAIL_SENT = "mail_sent";
    MARK_PUBLISHED = "mark_published";
    MOVEMENTS = "movements";
    ORDER = "order";
    ORDERS = "orders";
    ORDER_BY_NUMBER = "order_by_number";
    ORDER_MAILED = "order_mailed";
    ORDER_TO_CHANGE = "order_to_change";
    ORDER_TO_MAIL = "order_to_mail";
    PING = "ping";
    PREPARE_MAIL = "prepare_mail";
    PRODUCT = "product";
    PRODUCTS_BY_ID = "products_by_id";
    RELEASE_CLAIMS = "release_claims";
    REPUBLISH = "republish";
    RULES = "rules";
    STOCK = "stock";
    TERMS = "terms";
    UPGRADE_PASSWORD_HASH = "upgrade_password_hash";
    WEBHOOK = "webhook";
    WEBHOOKS = "webhooks";
    WEBHOOK_DELIVERED = "webhook_delivered";
    WEBHOOK_DELIVERIES = "webhook_deliveries";
    WEBHOOK_FAILED = "webhook_failed";
    WEBHOOK_TO_CHANGE = "webhook_to_change";
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use sqlparser::dialect::MsSqlDialect;
    use sqlparser::parser::Parser;

    /// A typo is found here, before a server sees it.
    pub(crate) fn assert_sql(name: &str, sql: &str) {
        let parsed = Parser::parse_sql(&MsSqlDialect {}, sql);
        assert!(parsed.as_ref().is_ok_and(|statements| !statements.is_empty()), "{name}: {parsed:?}\n{sql}");
    }

    #[test]
    fn every_statement_is_t_sql() {
        for (name, sql) in all_commands().into_iter().chain(all_queries()) {
            assert_sql(name, sql);
        }
    }

    #[test]
    fn every_file_is_a_statement_that_is_sent() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/sql");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().trim_end_matches(".sql").to_owned())
            .collect();
        files.sort();
        let mut known: Vec<&str> = all_queries().into_iter().map(|(name, _)| name).chain(files_of_commands()).collect();
        known.extend(["begin_command", "end_command"]);
        known.sort_unstable();
        known.dedup();
        assert_eq!(files, known);
    }

    /// What only SQL Server understands, or what would hide a wrong order of locks.
    #[test]
    fn no_statement_leaves_the_part_of_t_sql_that_travels() {
        let words =
            ["MERGE ", "CREATE OR ALTER", "WAITFOR", "UPDLOCK", "HOLDLOCK", "READPAST", "DATETIME2(7)", "_100_"];
        for (name, sql) in all_commands().into_iter().chain(all_queries()) {
            for word in words {
                assert!(!sql.contains(word), "{name}: {word}");
            }
        }
    }
}
