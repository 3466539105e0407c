use crate::RedisLink;
use async_trait::async_trait;
use redis::Script;
use souk_domain::ports::EventPublisher;
use souk_domain::{Aggregate, Event, Result};
use std::sync::LazyLock;

/// Appends events to streams, all or none.
///
/// The entry ids carry the publisher's clock instead of `*`, moved on where the stream is ahead of it (a clock of another
/// host): a server that replays its append-only file then makes the same ids again, which acknowledgements rely on. Redis
/// itself writes `*` down as the id it chose; the embedded server does not.
///
/// KEYS: the stream of each event. ARGV: milliseconds since the Unix epoch, then each event.
static APPEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
for i, stream in ipairs(KEYS) do
    local added = redis.pcall('XADD', stream, ARGV[1] .. '-*', 'event', ARGV[i + 1])
    if type(added) == 'table' and added.err then
        local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
        local millis = string.match(last[1], '^%d+')
        redis.call('XADD', stream, millis .. '-*', 'event', ARGV[i + 1])
    end
end
return #KEYS",
    )
});

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
        let mut invocation = APPEND.prepare_invoke();
        invocation.arg(souk_domain::now().timestamp_millis());
        for event in events {
            invocation.key(stream_name(event.data.aggregate())).arg(event.to_json());
        }
        self.call(|mut connection| async move { invocation.invoke_async(&mut connection).await }).await
    }
}
