//! What every function stands on: who calls, what was sent, how to answer, how to fail, how to be served.

mod access;
mod announce;
mod consumer;
mod context;
mod copies;
mod error;
mod extract;
mod openapi;
mod paging;
mod reply;
mod serve;

pub use access::{Access, Caller, MaybeCaller, Staff, TokenIssuer, token_from};
pub use announce::{Announcer, cached_version};
pub use consumer::{Batch, BatchItemFailure, BatchResponse, Record, consume};
pub use context::RequestContext;
pub use copies::Copies;
pub use error::{ApiError, ErrorItem};
pub use extract::{Command, Cursor, IfMatch, NoBody, PathId, Question, Upload};
pub use openapi::{
    CommandFailures, CommandHeaders, ConditionalFailures, QueryFailures, SecuredFailures, VersionHeaders,
};
pub use paging::{Paging, read_limit};
pub use reply::{Envelope, Failure, Metadata, Reply};
pub use serve::{Invocation, Served, serve_event, serve_http, serve_invocation, start_logging, wrap};

use souk_domain::ports::Store;
use std::sync::Arc;

/// The allocator of every function and of `local` (the reason stands in Cargo.toml).
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The ports that HTTP functions share. Each context takes what it uses.
#[derive(Clone)]
pub struct Ports {
    /// The system of record.
    pub store: Arc<dyn Store>,
    /// Copies near at hand.
    pub copies: Copies,
    /// Tells the world after a commit.
    pub announcer: Announcer,
    /// Reads tokens.
    pub access: Access,
}
