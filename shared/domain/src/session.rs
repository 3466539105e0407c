use crate::{CustomerId, DateTime, Role, SessionId};
use chrono::Duration;
use serde::Serialize;
use utoipa::ToSchema;

/// The SHA-256 of a secret that somebody carries: a refresh token, the token of a link, a recovery code. Stores keep this, never
/// the secret; it is long enough to need no salt.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash in hexadecimal.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl SessionId {
    /// When the session began, to the millisecond.
    pub fn started_at(self) -> DateTime {
        self.made_at()
    }
}

/// Which sessions of a person are over: those that began before a moment, but for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCutoff {
    /// Sessions that began earlier are over.
    pub at: DateTime,
    /// The one that goes on.
    pub kept: Option<SessionId>,
}

impl SessionCutoff {
    /// Ends nothing.
    pub const NEVER: Self = Self { at: DateTime::UNIX_EPOCH, kept: None };

    /// Whether a session is over.
    pub fn ends(&self, session: SessionId) -> bool {
        session.started_at() < self.at && self.kept != Some(session)
    }
}

/// One log-in and what came of it, until it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Stable name for programs.
    pub id: SessionId,
    /// Whose.
    #[serde(skip)]
    #[schema(ignore)]
    pub customer_id: CustomerId,
    /// UTC.
    pub started_at: DateTime,
    /// When its tokens were last refreshed, UTC.
    pub last_used_at: DateTime,
    /// What the browser or program called itself at the log-in.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")]
    pub user_agent: String,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLife {
    /// Without a refresh.
    pub idle: Duration,
    /// However often it is refreshed.
    pub longest: Duration,
}

impl SessionLife {
    /// Customers stay logged in for a month of absence (OWASP ASVS 3.3.2, level 1); staff for half an hour and no longer than
    /// twelve (level 2): a manager's session opens the whole shop.
    pub fn of(role: Role) -> Self {
        match role {
            Role::Customer => Self { idle: Duration::days(30), longest: Duration::days(90) },
            Role::Manager | Role::Admin => Self { idle: Duration::minutes(30), longest: Duration::hours(12) },
        }
    }
}

/// For so long after a refresh token was used it gives the same new one again: for a second tab, and for a client that never
/// got the answer. Later it is taken for stolen.
pub const REFRESH_GRACE: Duration = Duration::seconds(30);

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// It is replaced. The salt makes its successor, the first time and again within [`REFRESH_GRACE`].
    Replaced {
        /// Mixed with the token that was shown, it gives the next one.
        salt: [u8; 16],
    },
    /// It was replaced before: somebody copied it. The session is over.
    Reused,
    /// There is no such session (any more).
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_knows_when_it_began() {
        let before = crate::now().timestamp_millis();
        let started = SessionId::new().started_at().timestamp_millis();
        assert!((before..=crate::now().timestamp_millis()).contains(&started));
    }

    #[test]
    fn a_cutoff_ends_what_began_before_it_but_for_one() {
        let (old, kept) = (SessionId::new(), SessionId::new());
        let cutoff = SessionCutoff { at: crate::now() + Duration::seconds(1), kept: Some(kept) };
        assert!(cutoff.ends(old) && !cutoff.ends(kept));
        assert!(!SessionCutoff::NEVER.ends(old));
        assert!(!SessionCutoff { at: old.started_at(), kept: None }.ends(old));
    }
}
