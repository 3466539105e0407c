use crate::RedisLink;
use crate::dead_letters;
use crate::link::{eval, unavailable};
use crate::publisher::stream_name;
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::streams::{
    StreamClaimReply, StreamId, StreamInfoGroup, StreamInfoGroupsReply, StreamPendingCountReply, StreamPendingId,
    StreamPendingReply, StreamReadReply,
};
use redis::{AsyncCommands, RedisResult};
use souk_domain::ports::{DeadLetter, EventStream, StreamEntry, StreamGroup};
use souk_domain::{Aggregate, Error, Result};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Mutex;

/// The reader that holds the entries which wait for their next delivery.
const PUT_BACK: &str = "put-back";
/// Pending entries that one look for due ones sees.
const LOOK_AT: usize = 1000;
/// How long past the wait a read may take.
const GRACE: Duration = Duration::from_secs(1);
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
    reading: Mutex<Option<MultiplexedConnection>>,
}

impl RedisEventStream {
    /// A reader on the server that `link` names.
    pub fn new(link: RedisLink) -> Self {
        Self { link, first_pause: StreamEntry::FIRST_PAUSE, reading: Mutex::new(None) }
    }

    /// With another pause before the second delivery of an entry; the others grow from it.
    pub fn retrying_after(self, first_pause: Duration) -> Self {
        Self { first_pause, ..self }
    }
}

fn entry(id: StreamId, deliveries: u64) -> StreamEntry {
    // An entry without the field is no event; its consumer will refuse the empty text.
    StreamEntry { event: id.get("event").unwrap_or_default(), id: id.id, deliveries }
}

async fn read_new(
    connection: &mut MultiplexedConnection,
    group: &StreamGroup,
    count: usize,
    wait: Duration,
) -> RedisResult<StreamReadReply> {
    let mut command = redis::cmd("XREADGROUP");
    command.arg("GROUP").arg(&group.group).arg(&group.reader).arg("COUNT").arg(count);
    command.arg("BLOCK").arg(wait.as_millis() as u64).arg("STREAMS").arg(stream_name(group.stream)).arg(">");
    let reply: Option<StreamReadReply> = command.query_async(connection).await?;
    Ok(reply.unwrap_or_default())
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
        let (stream, name) = (stream_name(group.stream), group.group.clone());
        self.link
            .call(|mut connection| async move {
                let made: RedisResult<()> = connection.xgroup_create_mkstream(stream, name, "0").await;
                match made {
                    Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
                    other => other,
                }
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
        let read = tokio::time::timeout(wait + GRACE, read_new(&mut connection, group, count, wait));
        let reply = read.await.map_err(|_| Error::Unavailable("Redis did not answer in time".to_owned()))?;
        let reply = reply.map_err(unavailable)?;
        *reading = Some(connection);
        Ok(reply.keys.into_iter().flat_map(|key| key.ids).map(|id| entry(id, 1)).collect())
    }

    async fn left_behind(&self, group: &StreamGroup, count: usize) -> Result<Vec<StreamEntry>> {
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(&group.group).arg(&group.reader).arg("COUNT").arg(count);
        command.arg("STREAMS").arg(stream_name(group.stream)).arg("0");
        let reply: Option<StreamReadReply> =
            self.link.call(|mut connection| async move { command.query_async(&mut connection).await }).await?;
        let ids = reply.unwrap_or_default().keys.into_iter().flat_map(|key| key.ids);
        // At least the second delivery; the exact number matters only once it fails again.
        Ok(ids.map(|id| entry(id, 2)).collect())
    }

    async fn claim(&self, group: &StreamGroup, count: usize) -> Result<Vec<StreamEntry>> {
        let stream = stream_name(group.stream);
        let (name, reader) = (group.group.clone(), group.reader.clone());
        let first_pause = self.first_pause;
        // Less than any pause; what makes two readers that claim the same entry differ.
        let idle = (first_pause / 2).as_millis() as usize;
        self.link
            .call(|mut connection| async move {
                let pending: StreamPendingCountReply =
                    connection.xpending_count(&stream, &name, "-", "+", LOOK_AT).await?;
                let due: HashMap<String, u64> =
                    pending.ids.iter().filter(|held| is_due(held, first_pause)).take(count).map(deliveries).collect();
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
            .call(|mut connection| async move { command.query_async::<redis::Value>(&mut connection).await })
            .await
            .map(drop)
    }

    async fn acknowledge(&self, group: &StreamGroup, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let (stream, name, ids) = (stream_name(group.stream), group.group.clone(), ids.to_vec());
        self.link.call(|mut connection| async move { connection.xack(stream, name, &ids).await }).await
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
        self.link.call(|mut connection| async move { pipeline.query_async(&mut connection).await }).await
    }

    async fn trim(&self, stream: Aggregate) -> Result<()> {
        let name = stream_name(stream);
        self.link
            .call(|mut connection| async move {
                let groups: StreamInfoGroupsReply = connection.xinfo_groups(&name).await?;
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
