use crate::RedisLink;
use crate::dead_letters;
use crate::link::{eval, unavailable};
use crate::publisher::{PUBLISHED, stream_name};
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::streams::{
    StreamClaimReply, StreamId, StreamInfoGroup, StreamInfoGroupsReply, StreamPendingCountReply, StreamPendingId,
    StreamPendingReply, StreamRangeReply, StreamReadReply,
};
use redis::{AsyncCommands, RedisResult};
use souk_domain::ports::{DeadLetter, EventStream, StreamEntry, StreamGroup};
use souk_domain::{Aggregate, Error, Result};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};

/// The reader that holds the entries which wait for their next delivery.
const PUT_BACK: &str = "put-back";
/// Pending entries that are looked at in one round trip for due ones.
const LOOK_AT: usize = 1000;
/// How long past the wait a read may take.
const GRACE: Duration = Duration::from_secs(1);
/// Readers that hold nothing are forgotten after so long: each run on Lambda reads under a name of its own.
const GONE: Duration = Duration::from_secs(60 * 60);
/// Forgets such readers. With a reader goes what it holds, so nobody may take anything between the look and the deed.
///
/// KEYS: the stream. ARGV: the group, and after how many milliseconds.
const FORGET: &str = r"
for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local reader = {}
    for i = 1, #fields, 2 do reader[fields[i]] = fields[i + 1] end
    if reader.pending == 0 and reader.idle >= tonumber(ARGV[2]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], reader.name)
    end
end
return 0";
/// Keeps a letter, then acknowledges its entry: what cannot be kept stays with its group. A transaction would go on after an error.
///
/// As in the publisher, ids carry the clock of this host, moved on where another one's was ahead.
///
/// KEYS: the letters, the entry's stream. ARGV: milliseconds since the Unix epoch, the group, the entry's id, then the fields and values
/// of the letter.
const BURY: &str = r"
local added = redis.pcall('XADD', KEYS[1], ARGV[1] .. '-*', unpack(ARGV, 4))
if type(added) == 'table' and added.err then
    local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    redis.call('XADD', KEYS[1], string.match(last[1], '^%d+') .. '-*', unpack(ARGV, 4))
end
return redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])";

/// The reading side of the streams, for one reader: its blocking reads have a connection of their own.
pub struct RedisEventStream {
    link: RedisLink,
    first_pause: Duration,
    gone: Duration,
    reading: Mutex<Option<MultiplexedConnection>>,
    embedded: OnceCell<bool>,
}

impl RedisEventStream {
    /// A reader on the server that `link` names.
    pub fn new(link: RedisLink) -> Self {
        Self {
            link,
            first_pause: StreamEntry::FIRST_PAUSE,
            gone: GONE,
            reading: Mutex::new(None),
            embedded: OnceCell::new(),
        }
    }

    /// With another pause before the second delivery of an entry; the others grow from it.
    pub fn retrying_after(self, first_pause: Duration) -> Self {
        Self { first_pause, ..self }
    }

    /// With another time after which a reader that holds nothing is forgotten.
    pub fn forgetting_after(self, gone: Duration) -> Self {
        Self { gone, ..self }
    }
}

fn entry(id: StreamId, deliveries: u64) -> StreamEntry {
    // An entry without the field is no event; its consumer will refuse the empty text.
    StreamEntry { event: id.get("event").unwrap_or_default(), id: id.id, deliveries }
}

/// Takes new entries; the server waits for the first when it is told how long.
async fn read_new(
    connection: &mut MultiplexedConnection,
    group: &StreamGroup,
    count: usize,
    wait: Option<Duration>,
) -> RedisResult<StreamReadReply> {
    let mut command = redis::cmd("XREADGROUP");
    command.arg("GROUP").arg(&group.group).arg(&group.reader).arg("COUNT").arg(count);
    command.arg(wait.map(|wait| ("BLOCK", wait.as_millis() as u64)).as_slice());
    command.arg("STREAMS").arg(stream_name(group.stream)).arg(">");
    let reply: Option<StreamReadReply> = command.query_async(connection).await?;
    Ok(reply.unwrap_or_default())
}

/// The same on the embedded server. Of all who wait for a stream it wakes one for each entry, so that other groups would hear of it with
/// the next entry or not at all. Whoever publishes there does so in this process, and is waited for here.
async fn read_published(
    connection: &mut MultiplexedConnection,
    group: &StreamGroup,
    count: usize,
    wait: Duration,
) -> RedisResult<StreamReadReply> {
    let mut published = PUBLISHED.subscribe();
    let until = tokio::time::Instant::now() + wait;
    loop {
        let read = read_new(connection, group, count, None).await?;
        let is_over = !read.keys.is_empty() || tokio::time::timeout_at(until, published.changed()).await.is_err();
        if is_over {
            return Ok(read);
        }
    }
}

/// Whether it is the embedded server. One that refuses to tell is not.
async fn is_embedded(mut connection: MultiplexedConnection) -> RedisResult<bool> {
    let told: RedisResult<String> = redis::cmd("INFO").arg("server").query_async(&mut connection).await;
    match told {
        Err(error) if error.code().is_some() => Ok(false),
        told => Ok(told?.contains("kevy_version")),
    }
}

/// The oldest entry that a group still needs, when it needs one at all.
async fn oldest_needed(
    connection: &mut impl AsyncCommands,
    stream: &str,
    group: &StreamInfoGroup,
) -> RedisResult<String> {
    if group.pending == 0 {
        return Ok(group.last_delivered_id.clone());
    }
    match connection.xpending(stream, &group.name).await? {
        StreamPendingReply::Data(pending) => Ok(pending.start_id),
        // Acknowledged in between; the next round trims further.
        _ => Ok("0-0".to_owned()),
    }
}

fn is_due(held: &StreamPendingId, first_pause: Duration) -> bool {
    let pause = match held.consumer.as_str() {
        PUT_BACK => StreamEntry::pause(first_pause, held.times_delivered as u64),
        _ => StreamEntry::ABANDONED,
    };
    held.last_delivered_ms as u128 >= pause.as_millis()
}

fn deliveries(held: &StreamPendingId) -> (String, u64) {
    (held.id.clone(), held.times_delivered as u64)
}

/// Entry ids in their order: milliseconds, then sequence.
fn position(id: &str) -> (u64, u64) {
    let (millis, sequence) = id.split_once('-').unwrap_or((id, "0"));
    (millis.parse().unwrap_or(0), sequence.parse().unwrap_or(0))
}

#[async_trait]
impl EventStream for RedisEventStream {
    async fn ensure_group(&self, group: &StreamGroup) -> Result<()> {
        let (stream, name, gone) = (stream_name(group.stream), group.group.clone(), self.gone.as_millis() as u64);
        self.link
            .call("ensure_group", |mut connection| async move {
                let made: RedisResult<()> = connection.xgroup_create_mkstream(&stream, &name, "0").await;
                match made {
                    Err(error) if error.code() == Some("BUSYGROUP") => {}
                    other => return other,
                }
                let mut forget = eval(FORGET, &[stream]);
                forget.arg(name).arg(gone);
                forget.query_async(&mut connection).await
            })
            .await
    }

    async fn read(&self, group: &StreamGroup, count: usize, wait: Duration) -> Result<Vec<StreamEntry>> {
        let mut reading = self.reading.lock().await;
        // Taken out while in use: a read that is given up on leaves a connection with an answer still to come.
        let mut connection = match reading.take() {
            Some(connection) => connection,
            None => self.link.connect().await?,
        };
        let read = async {
            match self.embedded.get_or_try_init(|| is_embedded(connection.clone())).await? {
                true => read_published(&mut connection, group, count, wait).await,
                false => read_new(&mut connection, group, count, Some(wait)).await,
            }
        };
        let read = tokio::time::timeout(wait + GRACE, read);
        let reply = read.await.map_err(|_| Error::Unavailable("Redis did not answer in time".to_owned()))?;
        let reply = reply.map_err(unavailable)?;
        *reading = Some(connection);
        Ok(reply.keys.into_iter().flat_map(|key| key.ids).map(|id| entry(id, 1)).collect())
    }

    async fn left_behind(&self, group: &StreamGroup, count: usize) -> Result<Vec<StreamEntry>> {
        let (stream, name, reader) = (stream_name(group.stream), group.group.clone(), group.reader.clone());
        self.link
            .call("left_behind", |mut connection| async move {
                loop {
                    let held: StreamPendingCountReply =
                        connection.xpending_consumer_count(&stream, &name, "-", "+", count, &reader).await?;
                    if held.ids.is_empty() {
                        return Ok(Vec::new());
                    }
                    let ids: Vec<&String> = held.ids.iter().map(|held| &held.id).collect();
                    let mut look = redis::pipe();
                    // Nobody shall think that it was abandoned. It is the same delivery as before: that its reader died is not the
                    // function's failure.
                    look.cmd("XCLAIM").arg(&stream).arg(&name).arg(&reader).arg(0).arg(&ids).arg("JUSTID").ignore();
                    for id in ids {
                        look.xrange(&stream, id, id);
                    }
                    let found: Vec<StreamRangeReply> = look.query_async(&mut connection).await?;
                    let (mut entries, mut gone) = (Vec::new(), Vec::new());
                    for (held, found) in held.ids.iter().zip(found) {
                        match found.ids.into_iter().next() {
                            Some(id) => entries.push(entry(id, held.times_delivered as u64)),
                            None => gone.push(&held.id),
                        }
                    }
                    // The embedded server forgets which of its reads waited, and after a restart may say that a reader holds what
                    // was done with and trimmed. Nobody else would ever be done with it, and no stream trimmed any further.
                    if !gone.is_empty() {
                        let _: () = connection.xack(&stream, &name, &gone).await?;
                    }
                    if !entries.is_empty() {
                        return Ok(entries);
                    }
                }
            })
            .await
    }

    async fn claim(&self, group: &StreamGroup, count: usize) -> Result<Vec<StreamEntry>> {
        let stream = stream_name(group.stream);
        let (name, reader) = (group.group.clone(), group.reader.clone());
        let first_pause = self.first_pause;
        // Less than any pause; what makes two readers that claim the same entry differ.
        let idle = (first_pause / 2).as_millis() as usize;
        self.link
            .call("claim", |mut connection| async move {
                let (mut due, mut from) = (HashMap::<String, u64>::new(), "-".to_owned());
                // However many wait for their time, those behind them have theirs.
                loop {
                    let pending: StreamPendingCountReply =
                        connection.xpending_count(&stream, &name, &from, "+", LOOK_AT).await?;
                    let found = pending.ids.iter().filter(|held| is_due(held, first_pause));
                    due.extend(found.take(count - due.len()).map(deliveries));
                    match pending.ids.last() {
                        Some(last) if pending.ids.len() == LOOK_AT && due.len() < count => {
                            let (millis, sequence) = position(&last.id);
                            from = format!("{millis}-{}", sequence + 1);
                        }
                        _ => break,
                    }
                }
                if due.is_empty() {
                    return Ok(Vec::new());
                }
                let ids: Vec<&String> = due.keys().collect();
                // Taking an entry resets its idle time: of two readers that see the same one due, one gets it.
                let claimed: StreamClaimReply = connection.xclaim(&stream, &name, &reader, idle, &ids).await?;
                let mut entries: Vec<StreamEntry> = claimed
                    .ids
                    .into_iter()
                    .map(|id| (due.get(&id.id).copied().unwrap_or(0) + 1, id))
                    .map(|(times, id)| entry(id, times))
                    .collect();
                entries.sort_by_key(|entry| position(&entry.id));
                Ok(entries)
            })
            .await
    }

    async fn put_back(&self, group: &StreamGroup, ids: &[String]) -> Result<()> {
        let mut command = redis::cmd("XCLAIM");
        command.arg(stream_name(group.stream)).arg(&group.group).arg(PUT_BACK).arg(0).arg(ids);
        // JUSTID does not count as a delivery.
        command.arg("JUSTID");
        self.link
            .call(
                "put_back",
                |mut connection| async move { command.query_async::<redis::Value>(&mut connection).await },
            )
            .await
            .map(drop)
    }

    async fn acknowledge(&self, group: &StreamGroup, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let (stream, name, ids) = (stream_name(group.stream), group.group.clone(), ids.to_vec());
        self.link.call("acknowledge", |mut connection| async move { connection.xack(stream, name, &ids).await }).await
    }

    async fn bury(&self, group: &StreamGroup, letters: &[DeadLetter]) -> Result<()> {
        let mut pipeline = redis::pipe();
        let (keys, now) = ([dead_letters::stream_of(&group.group), stream_name(group.stream)], souk_domain::now());
        for DeadLetter { entry, error } in letters {
            let mut bury = eval(BURY, &keys);
            bury.arg(now.timestamp_millis()).arg(&group.group).arg(&entry.id);
            bury.arg(&[("event", entry.event.as_str()), ("entry", &entry.id)]);
            bury.arg(&[("error", dead_letters::shortened(error))]);
            bury.arg(&[("stream", group.stream.as_str()), ("at", &now.to_rfc3339())]);
            bury.arg(&[("deliveries", entry.deliveries)]);
            bury.arg(entry.correlation_id().map(|id| ("correlation", id)).as_slice());
            pipeline.add_command(bury).ignore();
        }
        self.link.call("bury", |mut connection| async move { pipeline.query_async(&mut connection).await }).await
    }

    async fn trim(&self, stream: Aggregate, groups: &[String]) -> Result<()> {
        let (name, wanted) = (stream_name(stream), groups.to_vec());
        self.link
            .call("trim", |mut connection| async move {
                let groups: StreamInfoGroupsReply = connection.xinfo_groups(&name).await?;
                if !wanted.iter().all(|wanted| groups.groups.iter().any(|group| group.name == *wanted)) {
                    return Ok(());
                }
                let mut needed = Vec::new();
                for group in &groups.groups {
                    needed.push(oldest_needed(&mut connection, &name, group).await?);
                }
                let Some(oldest) = needed.into_iter().min_by_key(|id| position(id)) else { return Ok(()) };
                redis::cmd("XTRIM").arg(&name).arg("MINID").arg(oldest).query_async(&mut connection).await
            })
            .await
            .map(|_: ()| ())
    }
}
