//! What stands before every handler: sessions that have ended, and how much somebody may do.

use crate::context::note_allowance;
use crate::{ApiError, Bearer};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};
use souk_domain::ports::{Admission, Gate};
use souk_domain::{Allowance, CustomerId, Email, Meter, Rate, SessionId, TokenHash};
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

/// So many people are remembered by one rate while Redis is away; those who have all their uses again are forgotten then.
const REMEMBERED: usize = 10_000;

/// Lets people in while Redis answers, and with a count of this process's own while it does not.
///
/// Which way each check fails without Redis: a session that has ended counts as good until its access token expires, 15 minutes at
/// most, since the token itself was signed for it; rates are counted for each process instead of for all.
#[derive(Clone)]
pub struct Door {
    gate: Arc<dyn Gate>,
    factor: u32,
    here: Arc<HashMap<&'static str, DefaultKeyedRateLimiter<String>>>,
}

impl Door {
    /// Rates are multiplied by `factor`.
    pub fn new(gate: Arc<dyn Gate>, factor: u32) -> Self {
        let limiter = |rate: Rate| {
            let rate = rate.times(factor);
            let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(rate.interval()).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
            (rate.name, RateLimiter::keyed(quota))
        };
        Self { gate, factor, here: Arc::new(Rate::ALL.map(limiter).into_iter().collect()) }
    }

    /// One count of a rate.
    pub fn meter(&self, rate: Rate, whom: impl ToString) -> Meter {
        Meter { rate: rate.times(self.factor), whom: whom.to_string() }
    }

    /// One count of a rate for a mailbox, which is known by its hash.
    pub fn mailbox(&self, rate: Rate, email: &Email) -> Meter {
        self.meter(rate, TokenHash(Sha256::digest(email.as_str()).into()).to_hex())
    }

    /// Uses each meter once, or refuses.
    ///
    /// # Errors
    /// 401 `session_ended`, 429 `too_many_requests`
    pub async fn admit(&self, bearer: Option<Bearer>, meters: &[Meter]) -> Result<(), ApiError> {
        if bearer.is_none() && meters.is_empty() {
            return Ok(());
        }
        let session = bearer.map(|bearer| (bearer.identity.id, bearer.session));
        let admission = self.gate.admit(session, meters, souk_domain::now()).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "no session can be checked, and rates are counted here");
            Admission { is_ended: false, allowances: meters.iter().map(|meter| self.count_here(meter)).collect() }
        });
        if admission.is_ended {
            return Err(ApiError::unauthenticated("session_ended", "the session has ended; log in again"));
        }
        let allowances = admission.allowances.iter().zip(meters);
        let refused = allowances.clone().filter_map(|(allowance, _)| allowance.retry_after).max();
        // The one that is nearest to its end is what a client wants to know.
        let told = allowances.filter(|(_, meter)| meter.rate.is_told).map(|(allowance, _)| allowance);
        if let Some(scarcest) = told.min_by(|a, b| share(a).total_cmp(&share(b))) {
            note_allowance(*scarcest);
        }
        refused.map_or(Ok(()), |wait| Err(ApiError::too_many_requests(wait)))
    }

    /// Which of these sessions have ended; none, as far as is known, while Redis is away.
    pub async fn ended(&self, sessions: &[(CustomerId, SessionId)]) -> HashSet<SessionId> {
        self.gate.ended(sessions).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "no session can be checked");
            HashSet::new()
        })
    }

    fn count_here(&self, meter: &Meter) -> Allowance {
        let (limit, reset) = (meter.rate.burst, meter.rate.per);
        let Some(limiter) = self.here.get(meter.rate.name) else {
            return Allowance { limit, remaining: limit, reset, retry_after: None };
        };
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        let checked = limiter.check_key(&meter.whom);
        let retry_after = checked.err().map(|refused| refused.wait_time_from(DefaultClock::default().now()));
        // The limiter does not say what is left; one is the least that may be.
        Allowance { limit, remaining: u32::from(retry_after.is_none()), reset, retry_after }
    }
}

fn share(allowance: &Allowance) -> f64 {
    match allowance.retry_after {
        Some(wait) => -wait.as_secs_f64(),
        None => f64::from(allowance.remaining) / f64::from(allowance.limit.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use souk_domain::realtime::Identity;
    use souk_domain::{DateTime, Error, Role};

    /// Redis is away.
    struct Away;

    #[async_trait]
    impl Gate for Away {
        async fn admit(
            &self,
            _: Option<(CustomerId, SessionId)>,
            _: &[Meter],
            _: DateTime,
        ) -> souk_domain::Result<Admission> {
            Err(Error::Unavailable("away".to_owned()))
        }

        async fn ended(&self, _: &[(CustomerId, SessionId)]) -> souk_domain::Result<HashSet<SessionId>> {
            Err(Error::Unavailable("away".to_owned()))
        }
    }

    #[tokio::test]
    async fn without_redis_people_come_in_and_guessing_stays_slow() {
        let door = Door::new(Arc::new(Away), 1);
        let identity = Identity { id: CustomerId::new(), role: Role::Customer };
        let bearer = Bearer { identity, session: SessionId::new(), must_enrol: false };
        assert!(door.admit(Some(bearer), &[]).await.is_ok());
        assert!(door.ended(&[(identity.id, bearer.session)]).await.is_empty());
        let tries = |whom: &str| [door.meter(Rate::LOG_IN_ACCOUNT, whom)];
        for _ in 0..Rate::LOG_IN_ACCOUNT.burst {
            assert!(door.admit(None, &tries("ada")).await.is_ok());
        }
        let refused = door.admit(None, &tries("ada")).await.expect_err("one too many");
        assert_eq!(refused.errors()[0].code, "too_many_requests");
        assert!(door.admit(None, &tries("bob")).await.is_ok());
    }
}
