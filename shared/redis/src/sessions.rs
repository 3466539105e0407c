use crate::RedisLink;
use crate::gate::{ENDED, customer_mark, session_mark};
use crate::link::eval;
use async_trait::async_trait;
use redis::AsyncCommands;
use souk_domain::ports::Sessions;
use souk_domain::{
    CustomerId, DateTime, Error, REFRESH_GRACE, Refreshed, Result, Session, SessionCutoff, SessionId, SessionLife,
    TokenHash, from_micros,
};
use std::collections::HashMap;

/// A script, not a transaction: the embedded server gives what lives for a while in a script its whole life again after a
/// restart, and else would find the session over before it reads that it was prolonged.
///
/// KEYS: the session, the sessions of the customer. ARGV: customer, hash of the token, now in microseconds, user agent, the
/// session's life in milliseconds, its id, the life of the sessions' names in milliseconds.
const START: &str = r"
redis.call('HSET', KEYS[1], 'customer', ARGV[1], 'token', ARGV[2], 'used', ARGV[3], 'agent', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SADD', KEYS[2], ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return 1";

/// KEYS: the session, its mark. ARGV: hash of the token that was shown, salt and hash of its successor, now in microseconds, the
/// grace in microseconds, the session's life from now on and the mark's, both in milliseconds.
const REFRESH: &str = r"
local known = redis.call('HMGET', KEYS[1], 'token', 'previous', 'salt', 'replaced')
if not known[1] then
    return {'unknown', ''}
end
if known[1] == ARGV[1] then
    redis.call('HSET', KEYS[1], 'token', ARGV[3], 'previous', ARGV[1], 'salt', ARGV[2], 'replaced', ARGV[4], 'used', ARGV[4])
    redis.call('PEXPIRE', KEYS[1], ARGV[6])
    return {'replaced', ARGV[2]}
end
if known[2] == ARGV[1] and tonumber(ARGV[4]) - tonumber(known[4]) <= tonumber(ARGV[5]) then
    return {'replaced', known[3]}
end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[7])
return {'reused', ''}";

/// Ends a session unless it is somebody else's. One without a record may have begun while Redis was away: its mark counts.
///
/// KEYS: the session, its mark, the sessions of the customer. ARGV: customer, session, life of the mark in milliseconds.
const END: &str = r"
local owner = redis.call('HGET', KEYS[1], 'customer')
if owner and owner ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[3], ARGV[2])
return owner and 1 or 0";

fn name(session: SessionId) -> String {
    format!("souk:session:{session}")
}

fn sessions_of(customer: CustomerId) -> String {
    format!("souk:sessions:{customer}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is left of a session's life, in milliseconds.
fn life(session: SessionId, life: SessionLife, now: DateTime) -> i64 {
    let left = session.started_at() + life.longest - now;
    life.idle.min(left).num_milliseconds().max(1)
}

fn read(id: SessionId, fields: &HashMap<String, String>) -> Option<Session> {
    Some(Session {
        id,
        customer_id: fields.get("customer")?.parse().ok()?,
        started_at: id.started_at(),
        last_used_at: from_micros(fields.get("used")?.parse().ok()?),
        user_agent: fields.get("agent")?.clone(),
    })
}

#[async_trait]
impl Sessions for RedisLink {
    async fn start(&self, session: &Session, token: TokenHash, lives: SessionLife) -> Result<()> {
        let mut start = eval(START, &[name(session.id), sessions_of(session.customer_id)]);
        let used = session.last_used_at;
        start.arg(session.customer_id.to_string()).arg(token.to_hex()).arg(used.timestamp_micros());
        start.arg(&session.user_agent).arg(life(session.id, lives, used)).arg(session.id.to_string());
        start.arg(SessionLife::of(souk_domain::Role::Customer).longest.num_milliseconds());
        self.query("start", start).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>> {
        let fields: HashMap<String, String> = self.query("session", redis::Cmd::hgetall(name(id))).await?;
        Ok(read(id, &fields))
    }

    async fn refresh(
        &self,
        id: SessionId,
        shown: TokenHash,
        (salt, successor): ([u8; 16], TokenHash),
        lives: SessionLife,
        now: DateTime,
    ) -> Result<Refreshed> {
        let mut refresh = eval(REFRESH, &[name(id), session_mark(id)]);
        refresh.arg(shown.to_hex()).arg(hex(&salt)).arg(successor.to_hex()).arg(now.timestamp_micros());
        refresh.arg(REFRESH_GRACE.num_microseconds()).arg(life(id, lives, now)).arg(ENDED.as_millis() as u64);
        let (word, salt): (String, String) = self.query("refresh", refresh).await?;
        match word.as_str() {
            "replaced" => {
                let number =
                    u128::from_str_radix(&salt, 16).map_err(|_| Error::Internal("a salt in Redis".to_owned()))?;
                Ok(Refreshed::Replaced { salt: number.to_be_bytes() })
            }
            "reused" => Ok(Refreshed::Reused),
            _ => Ok(Refreshed::Unknown),
        }
    }

    async fn sessions(&self, customer: CustomerId) -> Result<Vec<Session>> {
        let set = sessions_of(customer);
        self.call("sessions", |mut connection| async move {
            let ids: Vec<String> = connection.smembers(&set).await?;
            let ids: Vec<SessionId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            let mut pipeline = redis::pipe();
            for id in &ids {
                pipeline.hgetall(name(*id));
            }
            let found: Vec<HashMap<String, String>> = pipeline.query_async(&mut connection).await?;
            let found = ids.into_iter().zip(&found).map(|(id, fields)| (id, read(id, fields)));
            let (alive, gone): (Vec<_>, Vec<_>) = found.partition(|(_, session)| session.is_some());
            if !gone.is_empty() {
                let gone: Vec<String> = gone.iter().map(|(id, _)| id.to_string()).collect();
                let _: () = connection.srem(&set, gone).await?;
            }
            let mut sessions: Vec<Session> = alive.into_iter().filter_map(|(_, session)| session).collect();
            sessions.sort_by_key(|session| std::cmp::Reverse(session.last_used_at));
            Ok(sessions)
        })
        .await
    }

    async fn end(&self, customer: CustomerId, id: SessionId) -> Result<bool> {
        let mut end = eval(END, &[name(id), session_mark(id), sessions_of(customer)]);
        end.arg(customer.to_string()).arg(id.to_string()).arg(ENDED.as_millis() as u64);
        self.query("end", end).await
    }

    async fn end_all(&self, customer: CustomerId, cutoff: SessionCutoff) -> Result<()> {
        let set = sessions_of(customer);
        let kept = cutoff.kept.map(|id| id.to_string()).unwrap_or_default();
        let mark = format!("{}:{kept}", cutoff.at.timestamp_micros());
        self.call("end_all", |mut connection| async move {
            let mut pipeline = redis::pipe();
            pipeline.atomic();
            // The mark first: what refreshes in between is refused by it.
            pipeline.pset_ex(customer_mark(customer), mark, ENDED.as_millis() as u64).ignore();
            pipeline.smembers(&set);
            let (ids,): (Vec<String>,) = pipeline.query_async(&mut connection).await?;
            let over: Vec<String> =
                ids.into_iter().filter(|id| id.parse().is_ok_and(|id: SessionId| cutoff.ends(id))).collect();
            if over.is_empty() {
                return Ok(());
            }
            let mut pipeline = redis::pipe();
            pipeline.atomic();
            for id in &over {
                pipeline.del(format!("souk:session:{id}")).ignore();
            }
            pipeline.srem(&set, over).ignore();
            pipeline.query_async(&mut connection).await
        })
        .await
    }
}
