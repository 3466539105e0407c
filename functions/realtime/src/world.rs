//! The parts that the functions of this crate touch, for unit tests: table, gateway, sessions, log and other functions, and what happened
//! to them.

use crate::audience::{Audience, Part};
use crate::notify::Notifier;
use async_trait::async_trait;
use souk_domain::ports::{Admission, ConnectionTable, Delivery, Dispatcher, Gate, Listeners, NewsLog, Push};
use souk_domain::realtime::{
    Connection, ConnectionId, Missed, News, Noted, Place, Principal, Protocol, Sequence, Spots, Subscriber, Topic,
};
use souk_domain::{CustomerId, DateTime, Error, Meter, Result, SessionId};
use souk_lambda::Door;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct World {
    /// Who listens, each at its spot.
    pub(crate) listeners: HashMap<Topic, Vec<(u16, Subscriber)>>,
    pub(crate) ended: HashSet<SessionId>,
    pub(crate) is_redis_away: bool,
    /// Connections that cannot be told, and that are gone.
    pub(crate) broken: HashSet<String>,
    pub(crate) gone: HashSet<String>,
    pub(crate) is_gateway_away: bool,
    /// What becomes of news, in the order in which they are asked about; after these they are told.
    pub(crate) noted: Mutex<VecDeque<Noted>>,
    pub(crate) seen: Mutex<Seen>,
}

/// What happened.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) looks: Vec<usize>,
    pub(crate) told: Vec<(String, String)>,
    pub(crate) expelled: Vec<String>,
    pub(crate) closed: Vec<String>,
    pub(crate) forgotten: Vec<String>,
    pub(crate) notes: Vec<(i64, Vec<Topic>)>,
    pub(crate) rests: Vec<Duration>,
    pub(crate) parts: Vec<Part>,
}

impl World {
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("a lock")
    }

    pub(crate) fn audience(self: &Arc<Self>) -> Audience {
        Audience { connections: self.clone(), push: self.clone(), door: Door::new(self.clone(), 1) }
    }

    pub(crate) fn notifier(self: &Arc<Self>) -> Notifier {
        Notifier { audience: self.audience(), log: self.clone(), dispatcher: self.clone() }
    }

    /// Who was told, in the order of their names, and what befell the others.
    pub(crate) fn names(names: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut names = Vec::from_iter(names);
        names.sort();
        names
    }
}

#[async_trait]
impl ConnectionTable for World {
    async fn connect(&self, _: &ConnectionId, _: Option<Principal>, _: DateTime) -> Result<()> {
        Ok(())
    }
    async fn connection(&self, _: &ConnectionId) -> Result<Option<Connection>> {
        Ok(None)
    }
    async fn speak(&self, _: &ConnectionId, _: Protocol) -> Result<bool> {
        Ok(false)
    }
    async fn authenticate(&self, _: &ConnectionId, _: Principal, _: &[Topic]) -> Result<bool> {
        Ok(false)
    }
    async fn topics(&self, _: &ConnectionId) -> Result<Vec<Topic>> {
        Ok(Vec::new())
    }
    async fn disconnect(&self, connection: &ConnectionId) -> Result<()> {
        self.seen().forgotten.push(connection.0.clone());
        Ok(())
    }
    async fn subscribe(&self, _: &Subscriber, _: &Topic, _: DateTime) -> Result<()> {
        Ok(())
    }
    async fn unsubscribe(&self, _: &ConnectionId, _: &Topic) -> Result<()> {
        Ok(())
    }
    async fn expel(&self, subscriber: &Subscriber, _: &Topic) -> Result<()> {
        self.seen().expelled.push(subscriber.connection.0.clone());
        Ok(())
    }
    async fn listened(&self, topics: &[Topic]) -> Result<HashSet<Topic>> {
        Ok(topics.iter().filter(|topic| self.listeners.contains_key(topic)).cloned().collect())
    }
    async fn listeners(&self, topic: &Topic, spots: Spots, limit: usize) -> Result<Listeners> {
        let all = self.listeners.get(topic).map(Vec::as_slice).unwrap_or_default();
        let mut here: Vec<_> = all.iter().filter(|(spot, _)| (spots.from..=spots.to).contains(spot)).collect();
        here.sort_by_key(|(spot, _)| *spot);
        let more_after = (here.len() > limit).then(|| here[limit - 1].0);
        here.truncate(limit);
        Ok(Listeners { subscribers: here.into_iter().map(|(_, subscriber)| subscriber.clone()).collect(), more_after })
    }
}

#[async_trait]
impl Push for World {
    async fn send(&self, connection: &ConnectionId, message: &str) -> Result<Delivery> {
        if self.is_gateway_away || self.broken.contains(&connection.0) {
            return Err(Error::Unavailable("no answer".to_owned()));
        }
        if self.gone.contains(&connection.0) {
            return Ok(Delivery::Gone);
        }
        self.seen().told.push((connection.0.clone(), message.to_owned()));
        Ok(Delivery::Sent)
    }
    async fn close(&self, connection: &ConnectionId) -> Result<()> {
        if self.is_gateway_away {
            return Err(Error::Unavailable("no answer".to_owned()));
        }
        self.seen().closed.push(connection.0.clone());
        Ok(())
    }
}

#[async_trait]
impl Gate for World {
    async fn admit(&self, _: Option<(CustomerId, SessionId)>, _: &[Meter], _: DateTime) -> Result<Admission> {
        Ok(Admission { is_ended: false, allowances: Vec::new() })
    }
    async fn ended(&self, sessions: &[(CustomerId, SessionId)]) -> Result<HashSet<SessionId>> {
        self.seen().looks.push(sessions.len());
        match self.is_redis_away {
            true => Err(Error::Unavailable("away".to_owned())),
            false => Ok(self.ended.clone()),
        }
    }
}

#[async_trait]
impl NewsLog for World {
    async fn note(&self, news: &[News], _: DateTime) -> Result<Vec<Noted>> {
        let note = |news: &News| {
            self.seen().notes.push((news.version, news.topics.clone()));
            let sequence = news.version as u64;
            let place = Place { sequence, previous: sequence - 1 };
            let next = self.noted.lock().expect("a lock").pop_front();
            next.unwrap_or_else(|| Noted::Told(vec![Some(place); news.topics.len()]))
        };
        Ok(news.iter().map(note).collect())
    }
    async fn rest(&self, _: &str, time: Duration, _: DateTime) -> Result<()> {
        self.seen().rests.push(time);
        Ok(())
    }
    async fn missed(&self, _: &Topic, _: Option<Sequence>, _: DateTime) -> Result<Missed> {
        Ok(Missed { sequence: 0, news: Some(Vec::new()) })
    }
}

#[async_trait]
impl Dispatcher for World {
    async fn dispatch(&self, function: &str, payload: String) -> Result<()> {
        assert_eq!(function, "tell-listeners");
        self.seen().parts.push(serde_json::from_str(&payload).expect("a part"));
        Ok(())
    }
}
