use crate::RedisLink;
use async_trait::async_trait;
use redis::AsyncCommands;
use souk_domain::ports::{Cache, CacheKey, Cached};
use souk_domain::{Result, Version};
use std::time::Duration;

/// How long a copy lives: bounds the harm of an invalidation that never came.
const TIME_TO_LIVE: Duration = Duration::from_secs(300);

/// Writes `version:document` under each key unless a newer version is there. A document may be empty: the mark that a
/// version exists, which readers take for nothing; it replaces older versions only.
///
/// KEYS: the keys. ARGV: time to live in milliseconds, then version and document for each key.
const WRITE_NEWER: &str = r"
for i, key in ipairs(KEYS) do
    local version, document = tonumber(ARGV[2 * i]), ARGV[2 * i + 1]
    local known = redis.call('GET', key)
    local there = known and tonumber(string.match(known, '^%d+')) or -1
    if there < version or (there == version and document ~= '') then
        redis.call('SET', key, ARGV[2 * i] .. ':' .. document, 'PX', ARGV[1])
    end
end
return 1";

fn name(key: &CacheKey) -> String {
    match key {
        CacheKey::Product(id) => format!("souk:cache:product:{id}"),
        CacheKey::Stock(id) => format!("souk:cache:stock:{id}"),
    }
}

fn read(value: Option<String>) -> Option<Cached> {
    let value = value?;
    let (version, json) = value.split_once(':')?;
    let version = version.parse().ok()?;
    (!json.is_empty()).then(|| Cached { version, json: json.to_owned() })
}

impl RedisLink {
    async fn write_newer<'a>(&self, entries: impl Iterator<Item = (&'a CacheKey, Version, &'a str)>) -> Result<()> {
        let script = redis::Script::new(WRITE_NEWER);
        let mut invocation = script.prepare_invoke();
        invocation.arg(TIME_TO_LIVE.as_millis() as u64);
        let mut count = 0;
        for (key, version, document) in entries {
            invocation.key(name(key)).arg(version).arg(document);
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        self.call(|mut connection| async move { invocation.invoke_async(&mut connection).await }).await
    }
}

#[async_trait]
impl Cache for RedisLink {
    async fn get(&self, keys: &[CacheKey]) -> Result<Vec<Option<Cached>>> {
        let names: Vec<String> = keys.iter().map(name).collect();
        let values: Vec<Option<String>> =
            self.call(|mut connection| async move { connection.mget(names).await }).await?;
        Ok(values.into_iter().map(read).collect())
    }

    async fn put(&self, entries: &[(CacheKey, Cached)]) -> Result<()> {
        self.write_newer(entries.iter().map(|(key, cached)| (key, cached.version, cached.json.as_str()))).await
    }

    async fn invalidate(&self, versions: &[(CacheKey, Version)]) -> Result<()> {
        self.write_newer(versions.iter().map(|(key, version)| (key, *version, ""))).await
    }

    async fn ping(&self) -> Result<()> {
        self.call(|mut connection| async move { redis::cmd("PING").query_async(&mut connection).await }).await
    }
}
