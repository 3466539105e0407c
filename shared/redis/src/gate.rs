use crate::RedisLink;
use async_trait::async_trait;
use redis::Script;
use souk_domain::ports::{Admission, Gate};
use souk_domain::{Allowance, CustomerId, DateTime, Meter, Result, SessionCutoff, SessionId, from_micros};
use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

/// How long it is remembered that a session ended: as long as any access token of it may be good, and then some.
pub(crate) const ENDED: Duration = Duration::from_secs(20 * 60);
/// Sessions that one MGET asks about: a server that does one thing after the other should not be held up by a large one.
const MARKS: usize = 500;

/// Whether a session has ended, and a leaky bucket for each meter, all or none: a use fills it by one, and it empties evenly, by
/// one in each interval. Source: <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>, continuous-state leaky bucket.
/// A meter's key holds how full it was and when: a small number stays exact where a sum of many intervals would not. It stays a
/// second longer than it takes to empty, for clocks that differ.
///
/// KEYS: the marks of customer and session, or nothing, then the meters. ARGV: 2 or 0 marks, now, the session's id and its start;
/// then for each meter its interval and burst. Times in microseconds. Answers whether the session ended, then for each meter
/// what remains, the time until it is empty, and the time to wait, or −1.
///
/// It is called by its hash: nobody minds when a restart of the embedded server empties the meters.
static ADMIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local marks, now = tonumber(ARGV[1]), tonumber(ARGV[2])
local answer = {0}
if marks == 2 then
    local everything, this = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
    local at, kept = string.match(everything or '', '^(%d+):(.*)$')
    if this or (at and tonumber(ARGV[4]) < tonumber(at) and kept ~= ARGV[3]) then
        answer[1] = 1
    end
end
local meters, is_refused, noise = {}, answer[1] == 1, 0.000000001
for i = 1, #KEYS - marks do
    local meter = {key = KEYS[marks + i], interval = tonumber(ARGV[3 + 2 * i]), wait = -1}
    local used, at = string.match(redis.call('GET', meter.key) or '0 0', '^(%S+) (%d+)$')
    meter.at = math.max(now, tonumber(at))
    meter.used = math.max(tonumber(used) - (meter.at - tonumber(at)) / meter.interval, 0)
    meter.room = tonumber(ARGV[4 + 2 * i]) - meter.used + noise
    if meter.room < 1 then
        is_refused, meter.wait = true, math.ceil((1 - meter.room) * meter.interval)
    end
    meters[i] = meter
end
for i, meter in ipairs(meters) do
    if not is_refused then
        meter.used, meter.room = meter.used + 1, meter.room - 1
        local life = math.ceil(meter.used * meter.interval / 1000) + 1000
        local value = string.format('%.12f %.0f', meter.used, meter.at)
        redis.call('SET', meter.key, value, 'PX', string.format('%.0f', life))
    end
    answer[3 * i - 1] = math.floor(meter.room)
    answer[3 * i] = math.ceil(meter.used * meter.interval)
    answer[3 * i + 1] = meter.wait
end
return answer",
    )
});

pub(crate) fn customer_mark(customer: CustomerId) -> String {
    format!("souk:ended:customer:{customer}")
}

pub(crate) fn session_mark(session: SessionId) -> String {
    format!("souk:ended:session:{session}")
}

/// What a customer's mark says; the script above reads it the same way.
fn cutoff(mark: &str) -> Option<SessionCutoff> {
    let (at, kept) = mark.split_once(':')?;
    Some(SessionCutoff { at: from_micros(at.parse().ok()?), kept: kept.parse().ok() })
}

#[async_trait]
impl Gate for RedisLink {
    async fn admit(
        &self,
        session: Option<(CustomerId, SessionId)>,
        meters: &[Meter],
        now: DateTime,
    ) -> Result<Admission> {
        let mut invocation = ADMIT.prepare_invoke();
        invocation.arg(if session.is_some() { 2 } else { 0 }).arg(now.timestamp_micros());
        match session {
            Some((customer, session)) => {
                invocation.key(customer_mark(customer)).key(session_mark(session));
                invocation.arg(session.to_string()).arg(session.started_at().timestamp_micros());
            }
            None => {
                invocation.arg("").arg(0);
            }
        }
        for Meter { rate, whom } in meters {
            invocation.key(format!("souk:rate:{}:{whom}", rate.name));
            // Whole microseconds are too coarse for large rates.
            invocation.arg(rate.per.as_micros() as f64 / f64::from(rate.burst)).arg(rate.burst);
        }
        let answer: Vec<i64> =
            self.call("admit", |mut connection| async move { invocation.invoke_async(&mut connection).await }).await?;
        let micros = |micros: i64| Duration::from_micros(micros.unsigned_abs());
        let allowance = |(said, meter): (&[i64], &Meter)| Allowance {
            limit: meter.rate.burst,
            remaining: u32::try_from(said[0]).unwrap_or(0),
            reset: micros(said[1]),
            retry_after: (said[2] >= 0).then(|| micros(said[2])),
        };
        let (is_ended, said) = answer.split_first().map_or((false, &[][..]), |(ended, said)| (*ended == 1, said));
        Ok(Admission { is_ended, allowances: said.chunks_exact(3).zip(meters).map(allowance).collect() })
    }

    async fn ended(&self, sessions: &[(CustomerId, SessionId)]) -> Result<HashSet<SessionId>> {
        if sessions.is_empty() {
            return Ok(HashSet::new());
        }
        let mut pipeline = redis::pipe();
        for chunk in sessions.chunks(MARKS) {
            let marks = chunk.iter().flat_map(|(customer, session)| [customer_mark(*customer), session_mark(*session)]);
            pipeline.mget(marks.collect::<Vec<_>>());
        }
        let marks: Vec<Vec<Option<String>>> =
            self.call("ended", |mut connection| async move { pipeline.query_async(&mut connection).await }).await?;
        let marks: Vec<Option<String>> = marks.into_iter().flatten().collect();
        let is_ended = |session: SessionId, [everything, this]: &[Option<String>; 2]| {
            this.is_some() || everything.as_deref().and_then(cutoff).is_some_and(|cutoff| cutoff.ends(session))
        };
        let (pairs, _) = marks.as_chunks::<2>();
        let ended = sessions.iter().zip(pairs).filter(|((_, session), marks)| is_ended(*session, marks));
        Ok(ended.map(|((_, session), _)| *session).collect())
    }
}
