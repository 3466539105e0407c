use crate::RedisLink;
use crate::link::eval;
use async_trait::async_trait;
use redis::streams::{StreamId, StreamRangeReply};
use redis::{AsyncCommands, RedisResult};
use souk_domain::ports::{DeadLetters, KeptLetter, LetterOrder, StreamEntry};
use souk_domain::{DateTime, EntryId, Error, Limit, Page, Result};

/// Most characters of an error that a letter keeps: a function that crashes may tell its whole stack.
const LONGEST_ERROR: usize = 2000;

/// Notes a failed redelivery of a letter that is still there.
///
/// KEYS: the letters, what became of them. ARGV: the letter's id, why it failed.
const FAILED_AGAIN: &str = r"
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[2], ARGV[1] .. ':deliveries', 1)
redis.call('HSET', KEYS[2], ARGV[1] .. ':error', ARGV[2])
return 1";

/// The stream where a function's undeliverable entries go.
pub(crate) fn stream_of(function: &str) -> String {
    format!("souk:dead-letters:{function}")
}

/// The hash of what became of a function's letters later; an entry of a stream cannot be changed.
fn redrives_of(function: &str) -> String {
    format!("souk:redrives:{function}")
}

/// The fields of a letter in that hash: deliveries that were added, the latest error.
fn redrive_fields(id: EntryId) -> [String; 2] {
    [format!("{id}:deliveries"), format!("{id}:error")]
}

/// The part of an error that is kept.
pub(crate) fn shortened(error: &str) -> String {
    error.chars().take(LONGEST_ERROR).collect()
}

fn kept(letter: &StreamId, more: Option<u64>, later: Option<String>) -> Result<KeptLetter> {
    let text = |field: &str| letter.get::<String>(field).unwrap_or_default();
    let unreadable = || Error::Internal(format!("the dead letter {} cannot be read", letter.id));
    let id: EntryId = letter.id.parse().map_err(|_| unreadable())?;
    let at = DateTime::from_timestamp_millis(i64::try_from(id.millis).map_err(|_| unreadable())?);
    let deliveries = letter.get::<u64>("deliveries").unwrap_or_default() + more.unwrap_or_default();
    Ok(KeptLetter {
        id,
        stream: text("stream"),
        entry: StreamEntry { id: text("entry"), deliveries, event: text("event") },
        correlation_id: letter.get("correlation"),
        error: later.unwrap_or_else(|| text("error")),
        at: at.ok_or_else(unreadable)?,
    })
}

impl RedisLink {
    /// The letters between two ids, the first of them first, with what became of them.
    async fn kept_between(
        &self,
        function: &str,
        order: LetterOrder,
        [from, to]: [String; 2],
        count: usize,
    ) -> Result<Vec<KeptLetter>> {
        let (stream, redrives) = (stream_of(function), redrives_of(function));
        let (letters, later) = self
            .call("kept_between", |mut connection| async move {
                let found: StreamRangeReply = match order {
                    LetterOrder::OldestFirst => connection.xrange_count(&stream, from, to, count).await?,
                    LetterOrder::NewestFirst => connection.xrevrange_count(&stream, to, from, count).await?,
                };
                if found.ids.is_empty() {
                    return Ok((Vec::new(), Vec::new()));
                }
                let mut command = redis::cmd("HMGET");
                command.arg(redrives);
                for letter in &found.ids {
                    command.arg(format!("{}:deliveries", letter.id)).arg(format!("{}:error", letter.id));
                }
                let later: Vec<Option<String>> = command.query_async(&mut connection).await?;
                RedisResult::Ok((found.ids, later))
            })
            .await?;
        let later = later.chunks(2).map(|pair| (pair.first().cloned().flatten(), pair.get(1).cloned().flatten()));
        letters
            .iter()
            .zip(later)
            .map(|(letter, (more, error))| kept(letter, more.and_then(|more| more.parse().ok()), error))
            .collect()
    }
}

#[async_trait]
impl DeadLetters for RedisLink {
    async fn letters(
        &self,
        function: &str,
        order: LetterOrder,
        limit: Limit,
        after: Option<EntryId>,
    ) -> Result<Page<KeptLetter, EntryId>> {
        // Exclusive ends are made here: every server understands inclusive ones.
        let ends = match (order, after) {
            (_, None) => Some(["-".to_owned(), "+".to_owned()]),
            (LetterOrder::OldestFirst, Some(after)) => after.next().map(|from| [from.to_string(), "+".to_owned()]),
            (LetterOrder::NewestFirst, Some(after)) => after.previous().map(|to| ["-".to_owned(), to.to_string()]),
        };
        let letters = match ends {
            Some(ends) => self.kept_between(function, order, ends, limit.get() + 1).await?,
            None => Vec::new(),
        };
        Ok(Page::cut(letters, limit, |letter| letter.id))
    }

    async fn letter(&self, function: &str, id: EntryId) -> Result<KeptLetter> {
        let ends = [id.to_string(), id.to_string()];
        let found = self.kept_between(function, LetterOrder::OldestFirst, ends, 1).await?;
        found.into_iter().next().ok_or(Error::NotFound("dead letter"))
    }

    async fn letter_count(&self, function: &str) -> Result<u64> {
        let stream = stream_of(function);
        self.call("letter_count", |mut connection| async move { connection.xlen(stream).await }).await
    }

    async fn failed_again(&self, function: &str, id: EntryId, error: &str) -> Result<()> {
        let mut note = eval(FAILED_AGAIN, &[stream_of(function), redrives_of(function)]);
        note.arg(id.to_string()).arg(shortened(error));
        self.query("failed_again", note).await
    }

    async fn discard(&self, function: &str, id: EntryId) -> Result<()> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline.xdel(stream_of(function), &[id.to_string()]).ignore();
        pipeline.hdel(redrives_of(function), &redrive_fields(id)).ignore();
        self.call("discard", |mut connection| async move { pipeline.query_async(&mut connection).await }).await
    }
}
