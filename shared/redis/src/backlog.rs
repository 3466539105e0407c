use crate::RedisLink;
use crate::publisher::stream_name;
use async_trait::async_trait;
use redis::AsyncCommands;
use redis::RedisResult;
use redis::aio::ConnectionManager;
use redis::streams::{StreamInfoGroup, StreamInfoGroupsReply, StreamPendingReply, StreamRangeReply};
use souk_domain::ports::{Backlog, Backlogs};
use souk_domain::{Aggregate, DateTime, EntryId, Result};

/// The id of the first entry behind `last`, when there is one.
async fn first_behind(connection: &mut ConnectionManager, stream: &str, last: EntryId) -> RedisResult<Option<String>> {
    let Some(from) = last.next() else { return Ok(None) };
    let found: StreamRangeReply = connection.xrange_count(stream, from.to_string(), "+", 1).await?;
    Ok(found.ids.into_iter().next().map(|entry| entry.id))
}

/// The id of the oldest entry that a group was given and has not finished.
async fn oldest_pending(connection: &mut ConnectionManager, stream: &str, group: &str) -> RedisResult<Option<String>> {
    match connection.xpending(stream, group).await? {
        StreamPendingReply::Data(pending) => Ok(Some(pending.start_id)),
        _ => Ok(None),
    }
}

/// When the older of two entries was published.
fn published(ids: [Option<String>; 2]) -> Option<DateTime> {
    let oldest = ids.into_iter().flatten().filter_map(|id| id.parse::<EntryId>().ok()).min()?;
    DateTime::from_timestamp_millis(i64::try_from(oldest.millis).ok()?)
}

async fn backlog(connection: &mut ConnectionManager, stream: &str, function: &str) -> RedisResult<Backlog> {
    // Asking for the groups of a stream that is not there is an error.
    if !connection.exists::<_, bool>(stream).await? {
        return Ok(Backlog::default());
    }
    let length: u64 = connection.xlen(stream).await?;
    let groups: StreamInfoGroupsReply = connection.xinfo_groups(stream).await?;
    let Some(group) = groups.groups.into_iter().find(|group| group.name == function) else {
        let first = first_behind(connection, stream, EntryId { millis: 0, sequence: 0 }).await?;
        return Ok(Backlog { undelivered: length, pending: 0, oldest: published([first, None]) });
    };
    let StreamInfoGroup { pending, last_delivered_id, lag, .. } = group;
    let last = last_delivered_id.parse().unwrap_or(EntryId { millis: 0, sequence: 0 });
    let unread = first_behind(connection, stream, last).await?;
    let held = if pending == 0 { None } else { oldest_pending(connection, stream, function).await? };
    Ok(Backlog {
        // Where the server has lost count, no more than there are.
        undelivered: if unread.is_none() { 0 } else { lag.map_or(length, |lag| lag as u64) },
        pending: pending as u64,
        oldest: published([unread, held]),
    })
}

#[async_trait]
impl Backlogs for RedisLink {
    async fn backlog(&self, stream: Aggregate, function: &str) -> Result<Backlog> {
        let stream = stream_name(stream);
        self.call("backlog", |mut connection| async move { backlog(&mut connection, &stream, function).await }).await
    }
}
