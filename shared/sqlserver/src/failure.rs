//! What can go wrong between here and the server, and whether trying again helps.

use souk_domain::Error;
use tiberius::error::TokenError;

/// Why a batch was not answered.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection came about: nothing has run.
    Unreachable(String),
    /// The connection broke or the time ran out while the batch was on its way: it may have run or not.
    Broken(String),
    /// Every connection is in use: nothing has run.
    Busy,
    /// The server failed a moment ago and is left alone: nothing has run.
    Resting,
    /// The server refused the batch and undid it.
    Server {
        /// SQL Server's number of the error.
        number: u32,
        /// The constraint that was broken, when the error is of that kind.
        constraint: Option<String>,
        /// For the log.
        text: String,
    },
    /// An answer that cannot be read: a defect.
    Unreadable(String),
}

/// Violation of a primary key or unique constraint; of a unique index; of a foreign key or check constraint.
const BROKEN_CONSTRAINT: [u32; 3] = [2627, 2601, 547];

/// Errors after which the same batch may well succeed. 1205 deadlock victim, 1222 lock time-out, 3960 snapshot conflict,
/// 40501 and 49918 busy, 40613 fail-over, 10928 and 10929 resource limits, and what the server's own network calls report.
/// Source: <https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues>.
const PASSING: [u32; 15] =
    [1205, 1222, 3960, 40501, 40613, 49918, 10928, 10929, 10053, 10054, 10060, 233, 64, 20, 40197];

/// Of those, the ones that leave open whether the transaction was undone: the connection to the database is gone.
const OPEN_ENDED: [u32; 8] = [40613, 40197, 10053, 10054, 10060, 233, 64, 20];

impl Failure {
    /// Whether the batch may be sent again; `repeatable` says that running twice does no harm.
    pub(crate) fn may_pass(&self, repeatable: bool) -> bool {
        match self {
            Failure::Unreachable(_) => true,
            Failure::Broken(_) => repeatable,
            Failure::Server { number, .. } => PASSING.contains(number) && (repeatable || !OPEN_ENDED.contains(number)),
            Failure::Busy | Failure::Resting | Failure::Unreadable(_) => false,
        }
    }

    /// Whether it tells that the server is gone, rather than that it refused something.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Failure::Unreachable(_) | Failure::Broken(_) => true,
            Failure::Server { number, .. } => OPEN_ENDED.contains(number),
            _ => false,
        }
    }

    /// The constraint that the batch broke.
    pub(crate) fn constraint(&self) -> Option<&str> {
        match self {
            Failure::Server { constraint, .. } => constraint.as_deref(),
            _ => None,
        }
    }
}

impl From<tiberius::error::Error> for Failure {
    fn from(error: tiberius::error::Error) -> Self {
        use tiberius::error::Error as Driver;
        match error {
            Driver::Server(token) => token.into(),
            Driver::Conversion(text) | Driver::Encoding(text) => Failure::Unreadable(text.into_owned()),
            error => Failure::Broken(error.to_string()),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(token: TokenError) -> Self {
        let number = token.code();
        let constraint = BROKEN_CONSTRAINT.contains(&number).then(|| constraint_in(token.message())).flatten();
        // The message of a broken constraint quotes the values, which may be somebody's address.
        let text = match &constraint {
            Some(name) => format!("error {number}: constraint {name}"),
            None => format!("error {number}: {}", token.message()),
        };
        Failure::Server { number, constraint, text }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable(text) => Error::Unavailable(format!("SQL Server cannot be reached: {text}")),
            Failure::Broken(text) => Error::Unavailable(format!("SQL Server did not answer: {text}")),
            Failure::Busy => Error::Unavailable("every connection to SQL Server is in use".to_owned()),
            Failure::Resting => Error::Unavailable("SQL Server failed a moment ago".to_owned()),
            Failure::Server { number, text, .. } if PASSING.contains(&number) => Error::Unavailable(text),
            Failure::Server { text, .. } => Error::Internal(format!("SQL Server: {text}")),
            Failure::Unreadable(text) => Error::Internal(format!("SQL Server's answer: {text}")),
        }
    }
}

/// The name in a message about a broken constraint, which is all that tells one from another:
/// `Violation of UNIQUE KEY constraint 'x'. …`, `… with unique index 'x'. …`, `… FOREIGN KEY constraint "x". …`.
fn constraint_in(message: &str) -> Option<String> {
    let after = ["constraint ", "unique index "].into_iter().find_map(|word| Some(message.split_once(word)?.1))?;
    let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    Some(after[1..].split(quote).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(number: u32) -> Failure {
        Failure::Server { number, constraint: None, text: String::new() }
    }

    #[test]
    fn a_message_names_its_constraint() {
        let cases = [
            (
                "Violation of UNIQUE KEY constraint 'product_sku_unique'. Cannot insert duplicate key in object 'dbo.product'. The duplicate key value is (A).",
                "product_sku_unique",
            ),
            (
                "Violation of PRIMARY KEY constraint 'idempotency_pk'. Cannot insert duplicate key in object 'dbo.idempotency'.",
                "idempotency_pk",
            ),
            (
                "Cannot insert duplicate key row in object 'dbo.customer' with unique index 'customer_email_unique'. The duplicate key value is (constraint 'x').",
                "customer_email_unique",
            ),
            (
                "The DELETE statement conflicted with the REFERENCE constraint \"product_category\". The conflict occurred in database \"souk\", table \"dbo.product\", column 'category_key'.",
                "product_category",
            ),
            (
                "The INSERT statement conflicted with the CHECK constraint \"stock_never_oversold\". The conflict occurred in database \"souk\", table \"dbo.stock\".",
                "stock_never_oversold",
            ),
            ("duplicate key value violates unique constraint \"product_sku_unique\"", "product_sku_unique"),
        ];
        for (message, name) in cases {
            let text = message.replace(
                "unique index 'customer_email_unique'. The duplicate key value is (constraint 'x').",
                "unique index 'customer_email_unique'.",
            );
            assert_eq!(constraint_in(&text).as_deref(), Some(name), "{message}");
        }
        assert_eq!(constraint_in("The INSERT failed."), None);
    }

    #[test]
    fn what_was_undone_is_always_tried_again() {
        for number in [1205, 1222, 3960, 40501, 49918, 10928, 10929] {
            assert!(server(number).may_pass(false), "{number}");
            assert!(!server(number).is_outage(), "{number}");
        }
    }

    #[test]
    fn what_may_have_run_is_tried_again_when_that_does_no_harm() {
        for failure in [40613, 10053, 10054, 10060, 233, 64, 20].map(server) {
            assert!(failure.may_pass(true) && !failure.may_pass(false) && failure.is_outage(), "{failure:?}");
        }
        let broken = Failure::Broken(String::new());
        assert!(broken.may_pass(true) && !broken.may_pass(false) && broken.is_outage());
    }

    #[test]
    fn a_defect_is_not_tried_again() {
        // 33557097: an engine that is like SQL Server has no number for its own error.
        for failure in
            [server(33_557_097), server(2627), server(8115), Failure::Unreadable(String::new()), Failure::Resting]
        {
            assert!(!failure.may_pass(true), "{failure:?}");
        }
        assert!(matches!(Error::from(server(33_557_097)), Error::Internal(_)));
    }
}
