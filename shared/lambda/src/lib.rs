//! What every function stands on: who calls, what was sent, how to answer, how to fail, how to be served.

mod access;
mod announce;
mod client;
mod consumer;
mod context;
mod copies;
mod door;
mod error;
mod extract;
mod openapi;
mod paging;
mod reply;
mod router;
mod seal;
mod serve;
mod telemetry;
mod token;

pub use access::{Access, Admin, Caller, MaybeCaller, Staff, token_from};
pub use announce::{Announcer, cached_version};
pub use client::ClientAddress;
pub use consumer::{Batch, BatchItemFailure, BatchResponse, Delivered, Record, consume, deliver};
pub use context::RequestContext;
pub use copies::Copies;
pub use door::Door;
pub use error::{ApiError, ErrorItem};
pub use extract::{Command, Cursor, IfMatch, NoBody, PathId, PathValue, Question, Raw, Upload};
pub use openapi::{
    BearerFailures, CallerFailures, CommandFailures, CommandHeaders, ConditionalFailures, MaybeCallerFailures,
    QueryFailures, StaffFailures, VersionHeaders,
};
pub use paging::{Paging, read_limit};
pub use reply::{Done, Envelope, Failure, Metadata, Reply};
pub use seal::Seal;
pub use serve::{Invocation, Served, Tick, serve_consumer, serve_event, serve_http, serve_invocation, wrap};
pub use telemetry::{describe_span, flush_telemetry, in_ms, metrics, start_telemetry};
pub use token::{Bearer, TokenIssuer, TokenKeys};

use chrono::Duration;
use souk_domain::CaptureMode;
use souk_domain::ports::{Carts, PaymentProvider, Sessions, Store};
use std::sync::Arc;

/// The ports that HTTP functions share. Each context takes what it uses.
#[derive(Clone)]
pub struct Ports {
    /// The system of record.
    pub store: Arc<dyn Store>,
    /// Copies near at hand.
    pub copies: Copies,
    /// Who is logged in where.
    pub sessions: Arc<dyn Sessions>,
    /// What people have put aside.
    pub carts: Arc<dyn Carts>,
    /// Tells the world after a commit.
    pub announcer: Announcer,
    /// Says who may call.
    pub access: Access,
    /// How long an order waits for its payment.
    pub payment_window: Duration,
}

/// Who moves the money, when, and where buyers come back to from a challenge.
#[derive(Clone)]
pub struct Till {
    /// Who.
    pub provider: Arc<dyn PaymentProvider>,
    /// When: with the payment, or when staff captures it.
    pub capture: CaptureMode,
    /// The shop's web address.
    pub shop_url: String,
}
