use crate::RedisLink;
use crate::link::eval;
use async_trait::async_trait;
use souk_domain::ports::NewsLog;
use souk_domain::realtime::{Missed, News, Noted, Pace, Place, Sequence, Topic};
use souk_domain::{DateTime, Error, Result};
use std::time::Duration;

/// Most news that are kept of a topic, and told at once to whoever missed them: more would not fit into one message.
const KEPT: usize = 200;
/// How long the news of a topic are kept after the last of them. Whoever is away for longer loads everything again.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// Most steps of an aggregate that may be told after a later one.
const LATE: usize = 50;
/// How long the last place of a topic, and what was told of an aggregate, are kept.
const KNOWN: Duration = Pace::REMEMBERED;

/// Gives the news of one event their places. News that were noted before are found by their text. A step that went on without those before
/// it leaves a mark for each, so that they are told when they come after all.
///
/// KEYS: what was told of the aggregate; then, for each topic, its log and what is known of it. ARGV: the version, microseconds since
/// the Unix epoch, `young`, `old`, `waited` or `newest`, the pause between two `newest` in microseconds, the body, how many are kept,
/// their life and that of what is known in milliseconds, how many steps may be late. Answers the word and what belongs to it: places as
/// pairs of sequence and previous, as text, since a script's numbers lose their end.
const NOTE: &str = r"
local told, resting = tonumber(redis.call('HGET', KEYS[1], 'version') or ''), tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
local version, now, pace, body = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[5]
local function text(number) return string.format('%.0f', number) end
local answer = {'told'}
local late = 'late:' .. ARGV[1]
local is_late = told and version < told and redis.call('HDEL', KEYS[1], late) == 1
if told and version <= told and not is_late then
    for i = 2, #KEYS, 2 do
        local sequence = redis.call('ZSCORE', KEYS[i], body)
        if sequence then
            local before = redis.call('ZREVRANGEBYSCORE', KEYS[i], '(' .. sequence, '-inf', 'LIMIT', 0, 1, 'WITHSCORES')
            local previous = before[2] or redis.call('HGET', KEYS[i + 1], 'floor') or '0'
            answer[i], answer[i + 1] = text(tonumber(sequence)), text(tonumber(previous))
        else
            answer[i], answer[i + 1] = '', ''
        end
    end
    return answer
end
local before = pace ~= 'newest' and (told or (pace ~= 'old' and 0))
if (pace == 'young' or pace == 'old') and before and version > before + 1 then return {'early'} end
if pace == 'newest' and resting > now then return {'soon', text(resting - now)} end
if before and version > before + 1 and version - before <= tonumber(ARGV[9]) then
    for missing = before + 1, version - 1 do redis.call('HSET', KEYS[1], 'late:' .. text(missing), '1') end
end
if not is_late then redis.call('HSET', KEYS[1], 'version', ARGV[1]) end
if pace == 'newest' then redis.call('HSET', KEYS[1], 'until', text(now + tonumber(ARGV[4]))) end
redis.call('PEXPIRE', KEYS[1], ARGV[8])
for i = 2, #KEYS, 2 do
    local last = tonumber(redis.call('HGET', KEYS[i + 1], 'last') or '')
    local sequence = now
    if last and last >= now then sequence = last + 1 end
    if redis.call('EXISTS', KEYS[i]) == 0 then
        last = last or sequence - 1
        redis.call('HSET', KEYS[i + 1], 'floor', text(last))
    end
    redis.call('ZADD', KEYS[i], text(sequence), body)
    local surplus = redis.call('ZCARD', KEYS[i]) - tonumber(ARGV[6])
    if surplus > 0 then
        local dropped = redis.call('ZRANGE', KEYS[i], surplus - 1, surplus - 1, 'WITHSCORES')
        redis.call('HSET', KEYS[i + 1], 'floor', text(tonumber(dropped[2])))
        redis.call('ZREMRANGEBYRANK', KEYS[i], 0, surplus - 1)
    end
    redis.call('PEXPIRE', KEYS[i], ARGV[7])
    redis.call('HSET', KEYS[i + 1], 'last', text(sequence))
    redis.call('PEXPIRE', KEYS[i + 1], ARGV[8])
    answer[i], answer[i + 1] = text(sequence), text(last or sequence - 1)
end
return answer";

/// What was missed of a topic, or that it is not known. A topic of which nothing is known begins now, so that whoever listens from now on
/// can say what was heard last.
///
/// KEYS: the log of the topic, what is known of it. ARGV: what was heard last or nothing, microseconds since the Unix epoch, the life of
/// what is known in milliseconds. Answers `all` or `reload`, the newest number, and the news as pairs of body and number.
const MISSED: &str = r"
local after, last = tonumber(ARGV[1]), redis.call('HGET', KEYS[2], 'last')
if not last then
    last = ARGV[2]
    redis.call('HSET', KEYS[2], 'last', last)
    redis.call('HSET', KEYS[2], 'floor', last)
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
local answer = {'all', last}
if not after or after == tonumber(last) then return answer end
local floor = tonumber(redis.call('HGET', KEYS[2], 'floor') or last)
if after < floor or after > tonumber(last) then return {'reload', last} end
local news = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES')
if #news == 0 then return {'reload', last} end
for i = 1, #news, 2 do
    answer[#answer + 1] = news[i]
    answer[#answer + 1] = string.format('%.0f', tonumber(news[i + 1]))
end
return answer";

/// KEYS: what was told of the aggregate. ARGV: until when, in microseconds since the Unix epoch; its life in milliseconds.
const REST: &str = r"
redis.call('HSET', KEYS[1], 'until', ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

fn told_key(subject: &str) -> String {
    format!("souk:told:{subject}")
}

fn keys_of(topic: &Topic) -> [String; 2] {
    [format!("souk:news:{topic}"), format!("souk:news-known:{topic}")]
}

fn number(text: &str) -> Result<Sequence> {
    text.parse().map_err(|_| Error::Internal(format!("a script answered {text} for a number")))
}

fn note(news: &News, at: DateTime) -> redis::Cmd {
    let keys: Vec<String> =
        std::iter::once(told_key(&news.subject)).chain(news.topics.iter().flat_map(keys_of)).collect();
    let pace = match news.pace {
        Pace::EveryStep { has_waited: true, .. } => "waited",
        Pace::EveryStep { is_young: true, .. } => "young",
        Pace::EveryStep { .. } => "old",
        Pace::Newest => "newest",
    };
    let mut script = eval(NOTE, &keys);
    script.arg(news.version).arg(at.timestamp_micros()).arg(pace).arg(Pace::INTERVAL.as_micros() as u64);
    script.arg(&*news.body).arg(KEPT).arg(LIFE.as_millis() as u64).arg(KNOWN.as_millis() as u64).arg(LATE);
    script
}

fn noted(answer: &[String]) -> Result<Noted> {
    match answer {
        [word] if word == "early" => Ok(Noted::Early),
        [word, micros] if word == "soon" => Ok(Noted::TooSoon(Duration::from_micros(number(micros)?))),
        [word, places @ ..] if word == "told" => {
            let place = |pair: &[String]| match pair {
                [sequence, _] if sequence.is_empty() => Ok(None),
                [sequence, previous] => Ok(Some(Place { sequence: number(sequence)?, previous: number(previous)? })),
                _ => Err(Error::Internal("half a place".to_owned())),
            };
            Ok(Noted::Told(places.chunks(2).map(place).collect::<Result<_>>()?))
        }
        other => Err(Error::Internal(format!("a script answered {other:?}"))),
    }
}

fn missed(answer: &[String], after: Option<Sequence>) -> Result<Missed> {
    let [word, sequence, news @ ..] = answer else {
        return Err(Error::Internal(format!("a script answered {answer:?}")));
    };
    let sequence = number(sequence)?;
    if word == "reload" {
        return Ok(Missed { sequence, news: None });
    }
    let mut previous = after.unwrap_or(sequence);
    let mut placed = Vec::with_capacity(news.len() / 2);
    for pair in news.chunks_exact(2) {
        let place = Place { sequence: number(&pair[1])?, previous };
        previous = place.sequence;
        placed.push((place, pair[0].clone()));
    }
    Ok(Missed { sequence, news: Some(placed) })
}

#[async_trait]
impl NewsLog for RedisLink {
    async fn note(&self, news: &[News], at: DateTime) -> Result<Vec<Noted>> {
        if news.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for one in news {
            pipeline.add_command(note(one, at));
        }
        let answers: Vec<Vec<String>> =
            self.call("note", |mut connection| async move { pipeline.query_async(&mut connection).await }).await?;
        answers.iter().map(|answer| noted(answer)).collect()
    }

    async fn rest(&self, subject: &str, time: Duration, at: DateTime) -> Result<()> {
        let until = at.timestamp_micros() + time.as_micros() as i64;
        let mut rest = eval(REST, &[told_key(subject)]);
        rest.arg(until).arg(KNOWN.as_millis() as u64);
        self.query("rest", rest).await
    }

    async fn missed(&self, topic: &Topic, after: Option<Sequence>, at: DateTime) -> Result<Missed> {
        let mut look = eval(MISSED, &keys_of(topic));
        look.arg(after.map(|after| after.to_string()).unwrap_or_default());
        look.arg(at.timestamp_micros()).arg(KNOWN.as_millis() as u64);
        let answer: Vec<String> = self.query("missed", look).await?;
        missed(&answer, after)
    }
}
