use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A function and what sets it going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its name, in kebab case.
    pub name: String,
    /// The bounded context whose crate holds it.
    pub context: String,
    /// What sets it going.
    pub trigger: Trigger,
    /// The longest that an invocation may take.
    pub timeout: Duration,
}

/// What sets a function going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// An HTTP request.
    Http {
        /// In capitals.
        method: String,
        /// With parameters in braces.
        path: String,
    },
    /// A message of the WebSocket API: `$connect`, `$disconnect`, `$default` or an action.
    Socket {
        /// The route key.
        route: String,
    },
    /// Events.
    Stream(Consumer),
    /// Time.
    Schedule {
        /// As EventBridge writes it: `rate(1 minute)`.
        expression: String,
    },
    /// Somebody who deploys or operates the system.
    Call,
}

/// A function that the stream trigger feeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// Its name.
    pub function: String,
    /// The streams that it reads.
    pub streams: Vec<String>,
    /// Most entries of one invocation.
    pub batch_size: usize,
}
