use super::Browser;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a browser does to hear each of the news of a topic once and in order, as `docs/asyncapi.yaml` says.
pub struct Listener {
    pub topic: String,
    /// The sequence of what was heard last.
    pub last: u64,
    /// In order; a repetition is left out.
    pub heard: Vec<Value>,
    held: BTreeMap<u64, Value>,
}

impl Listener {
    pub fn new(topic: &str, last: u64) -> Self {
        Self { topic: topic.to_owned(), last, heard: Vec::new(), held: BTreeMap::new() }
    }

    /// Subscribes until the answer has a place: there is none while Redis is away, which on a busy machine it may be for a moment.
    pub async fn subscribe(browser: &mut Browser, topic: &str) -> Self {
        loop {
            let answer = browser.ask(json!({ "action": "subscribe", "topic": topic })).await;
            assert_eq!((&answer["type"], &answer["reload"]), (&json!("Subscribed"), &json!(false)), "{answer}");
            match answer["sequence"].as_u64().unwrap() {
                0 => tokio::time::sleep(Duration::from_millis(100)).await,
                last => return Self::new(topic, last),
            }
        }
    }

    /// Subscribes again; the answer.
    pub async fn resume(&mut self, browser: &mut Browser) -> Value {
        let wish = json!({ "action": "subscribe", "topic": self.topic, "after": self.last });
        let answer = browser.ask(wish).await;
        assert_eq!(answer["type"], "Subscribed", "{answer}");
        for news in answer["news"].as_array().into_iter().flatten() {
            self.take(news.clone());
        }
        let sequence = answer["sequence"].as_u64().unwrap();
        match answer["reload"] == true {
            true => self.last = sequence,
            false => assert!(self.last >= sequence, "{answer} does not lead to its end"),
        }
        answer
    }

    /// Takes whatever came; whether something is still missing before it.
    pub fn take(&mut self, message: Value) -> bool {
        if message["topic"] == self.topic.as_str() {
            self.held.insert(message["sequence"].as_u64().unwrap(), message);
        }
        while let Some(first) = self.held.first_entry() {
            let sequence = *first.key();
            if sequence <= self.last {
                first.remove();
            } else if first.get()["previous"].as_u64().unwrap() <= self.last {
                self.heard.push(first.remove());
                self.last = sequence;
            } else {
                return true;
            }
        }
        false
    }

    pub fn sequences(&self) -> Vec<u64> {
        self.heard.iter().map(|message| message["sequence"].as_u64().unwrap()).collect()
    }
}
