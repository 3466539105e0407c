use crate::{
    Allowance, CustomerId, DateTime, Meter, Refreshed, Result, Session, SessionCutoff, SessionId, SessionLife,
    TokenHash,
};
use async_trait::async_trait;
use std::collections::HashSet;

/// What stands at the door of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Whether the session has ended.
    pub is_ended: bool,
    /// What each meter says, in their order.
    pub allowances: Vec<Allowance>,
}

/// Says who may come in now.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Whether the session has ended, and one use of each meter, in one round trip. Meters are used all together or, when one of
    /// them refuses or the session has ended, not at all.
    async fn admit(
        &self,
        session: Option<(CustomerId, SessionId)>,
        meters: &[Meter],
        now: DateTime,
    ) -> Result<Admission>;

    /// Which of these sessions have ended, in one round trip.
    async fn ended(&self, sessions: &[(CustomerId, SessionId)]) -> Result<HashSet<SessionId>>;
}

/// The sessions of people who logged in. Their refresh tokens are known by their hashes.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// A session begins.
    async fn start(&self, session: &Session, token: TokenHash, life: SessionLife) -> Result<()>;

    /// One session; `None` when it has ended.
    async fn session(&self, id: SessionId) -> Result<Option<Session>>;

    /// Replaces a refresh token by the successor that `salt` makes of it, and prolongs the session. Atomic: of two at once, both
    /// get the same successor. One that was replaced longer than [`REFRESH_GRACE`](crate::REFRESH_GRACE) ago, or was never this
    /// session's, ends the session.
    async fn refresh(
        &self,
        id: SessionId,
        shown: TokenHash,
        successor: ([u8; 16], TokenHash),
        life: SessionLife,
        now: DateTime,
    ) -> Result<Refreshed>;

    /// The sessions of a person, latest use first.
    async fn sessions(&self, customer: CustomerId) -> Result<Vec<Session>>;

    /// Ends a session; its access tokens are refused from now on. `false` when it is no session of the customer.
    async fn end(&self, customer: CustomerId, id: SessionId) -> Result<bool>;

    /// Ends sessions; their access tokens are refused from now on.
    async fn end_all(&self, customer: CustomerId, cutoff: SessionCutoff) -> Result<()>;
}
