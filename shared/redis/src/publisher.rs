use crate::RedisLink;
use crate::link::eval;
use async_trait::async_trait;
use souk_domain::ports::EventPublisher;
use souk_domain::{Aggregate, Event, Result};
use std::sync::LazyLock;
use tokio::sync::watch;

/// Appends events to streams, all or none.
///
/// The entry ids carry the publisher's clock instead of `*`, moved on where the stream is ahead of it (a clock of another
/// host): a server that replays its append-only file then makes the same ids again, which acknowledgements rely on. Redis
/// itself writes `*` down as the id it chose; the embedded server does not.
///
/// KEYS: the stream of each event. ARGV: milliseconds since the Unix epoch, then each event.
const APPEND: &str = r"
for i, stream in ipairs(KEYS) do
    local added = redis.pcall('XADD', stream, ARGV[1] .. '-*', 'event', ARGV[i + 1])
    if type(added) == 'table' and added.err then
        local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
        local millis = string.match(last[1], '^%d+')
        redis.call('XADD', stream, millis .. '-*', 'event', ARGV[i + 1])
    end
end
return #KEYS";

/// How often this process has published. Readers of the embedded server wait for it: see `RedisEventStream::read`.
pub(crate) static PUBLISHED: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

/// The stream that holds the events of an aggregate.
pub(crate) fn stream_name(aggregate: Aggregate) -> String {
    format!("souk:events:{}", aggregate.as_str())
}

#[async_trait]
impl EventPublisher for RedisLink {
    async fn publish(&self, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let streams: Vec<String> = events.iter().map(|event| stream_name(event.data.aggregate())).collect();
        let mut append = eval(APPEND, &streams);
        append.arg(souk_domain::now().timestamp_millis());
        for event in events {
            append.arg(event.to_json());
        }
        let appended: Result<()> = self.query("publish", append).await;
        PUBLISHED.send_modify(|times| *times += 1);
        appended
    }
}
