use crate::RedisLink;
use crate::link::eval;
use async_trait::async_trait;
use redis::AsyncCommands;
use souk_domain::ports::{Cache, CacheKey, Cached};
use souk_domain::{Result, Version};
use std::time::Duration;

/// How long a copy lives: bounds the harm of an invalidation that never came.
const TIME_TO_LIVE: Duration = Duration::from_secs(300);

/// From so many invalidations on, a look comes first: a batch of events mostly repeats what their commands said, and a look
/// costs the server far less than the script. For a few, a second round trip costs more than it saves.
const LOOK_FIRST: usize = 16;

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

pub(crate) fn name(key: &CacheKey) -> String {
    match key {
        CacheKey::Product(id) => format!("souk:cache:product:{id}"),
        CacheKey::Stock(id) => format!("souk:cache:stock:{id}"),
    }
}

/// The version that a value shows, and its document, empty for a mark.
fn parse(value: &str) -> Option<(Version, &str)> {
    let (version, json) = value.split_once(':')?;
    Some((version.parse().ok()?, json))
}

pub(crate) fn read(value: Option<String>) -> Option<Cached> {
    let value = value?;
    let (version, json) = parse(&value)?;
    (!json.is_empty()).then(|| Cached { version, json: json.to_owned() })
}

impl RedisLink {
    async fn values(&self, keys: &[CacheKey]) -> Result<Vec<Option<String>>> {
        let names: Vec<String> = keys.iter().map(name).collect();
        self.call("values", |mut connection| async move { connection.mget(names).await }).await
    }

    async fn write_newer<'a>(&self, entries: impl Iterator<Item = (&'a CacheKey, Version, &'a str)>) -> Result<()> {
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return Ok(());
        }
        let mut write = eval(WRITE_NEWER, &entries.iter().map(|(key, ..)| name(key)).collect::<Vec<_>>());
        write.arg(TIME_TO_LIVE.as_millis() as u64);
        for (_, version, document) in entries {
            write.arg(version).arg(document);
        }
        self.query("write_newer", write).await
    }
}

#[async_trait]
impl Cache for RedisLink {
    async fn get(&self, keys: &[CacheKey]) -> Result<Vec<Option<Cached>>> {
        Ok(self.values(keys).await?.into_iter().map(read).collect())
    }

    async fn put(&self, entries: &[(CacheKey, Cached)]) -> Result<()> {
        self.write_newer(entries.iter().map(|(key, cached)| (key, cached.version, cached.json.as_str()))).await
    }

    async fn invalidate(&self, versions: &[(CacheKey, Version)]) -> Result<()> {
        if versions.len() < LOOK_FIRST {
            return self.write_newer(versions.iter().map(|(key, version)| (key, *version, ""))).await;
        }
        let keys: Vec<CacheKey> = versions.iter().map(|(key, _)| *key).collect();
        let known = self.values(&keys).await?;
        let is_old =
            |value: &Option<String>, version| value.as_deref().and_then(parse).is_none_or(|(v, _)| v < version);
        let old = versions.iter().zip(&known).filter(|((_, version), value)| is_old(value, *version));
        self.write_newer(old.map(|((key, version), _)| (key, *version, ""))).await
    }

    async fn ping(&self) -> Result<()> {
        self.call("ping", |mut connection| async move { redis::cmd("PING").query_async(&mut connection).await }).await
    }
}
