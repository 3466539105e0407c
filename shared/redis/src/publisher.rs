use crate::RedisLink;
use async_trait::async_trait;
use souk_domain::ports::EventPublisher;
use souk_domain::{Aggregate, Event, Result};

/// Appends events to streams, all or none.
///
/// The entry ids carry the publisher's clock instead of `*`, moved on where the stream is ahead of it (a clock of another
/// host): a server that replays its append-only file then makes the same ids again, which acknowledgements rely on. Redis
/// itself writes `*` down as the id it chose; the embedded server does not.
///
/// KEYS: the stream of each event. ARGV: milliseconds since the Unix epoch, then each event.
const APPEND: &str = r"
local top = {}
for i, stream in ipairs(KEYS) do
    if not top[stream] then
        local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
        local ahead = last and string.match(last[1], '^%d+')
        top[stream] = ahead and tonumber(ahead) > tonumber(ARGV[1]) and ahead or ARGV[1]
    end
    redis.call('XADD', stream, top[stream] .. '-*', 'event', ARGV[i + 1])
end
return #KEYS";

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
        let script = redis::Script::new(APPEND);
        let mut invocation = script.prepare_invoke();
        invocation.arg(souk_domain::now().timestamp_millis());
        for event in events {
            invocation.key(stream_name(event.data.aggregate())).arg(event.to_json());
        }
        self.call(|mut connection| async move { invocation.invoke_async(&mut connection).await }).await
    }
}
