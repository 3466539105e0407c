use super::Shop;
use super::shop::PATIENCE;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

/// What came, if anything did.
pub enum Heard {
    Message(Value),
    Silent,
    Closed,
}

/// A browser's end of a WebSocket.
pub struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What came while an answer was awaited.
    waiting: VecDeque<Value>,
    asked: u64,
}

impl Browser {
    pub async fn guest(shop: &Shop) -> Self {
        Self::connect(shop, "").await.unwrap()
    }

    pub async fn logged_in(shop: &Shop, token: &str) -> Self {
        Self::connect(shop, &format!("?access_token={token}")).await.unwrap()
    }

    /// `Err` is the HTTP status that the gateway refused with.
    pub async fn connect(shop: &Shop, query: &str) -> Result<Self, u16> {
        let url = format!("{}/{query}", shop.banner["webSocket"].as_str().unwrap());
        match connect_async(url).await {
            Ok((socket, _)) => Ok(Self { socket, waiting: VecDeque::new(), asked: 0 }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A browser on a line that takes little at once.
    pub async fn slow(shop: &Shop, token: &str) -> Self {
        let address = shop.banner["webSocket"].as_str().unwrap();
        let line = TcpSocket::new_v4().unwrap();
        line.set_recv_buffer_size(4 << 10).unwrap();
        let stream = line.connect(address.trim_start_matches("ws://").parse().unwrap()).await.unwrap();
        let url = format!("{address}/?access_token={token}");
        let (socket, _) = client_async(url, MaybeTlsStream::Plain(stream)).await.unwrap();
        Self { socket, waiting: VecDeque::new(), asked: 0 }
    }

    pub async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Says something and waits for its answer. What else comes meanwhile, such as news of what a test did before, is heard
    /// afterwards.
    pub async fn ask(&mut self, mut message: Value) -> Value {
        self.asked += 1;
        message["requestId"] = json!(self.asked);
        self.say(message).await;
        let answer = async {
            loop {
                let heard = self.next().await.expect("an open connection");
                if heard["requestId"] == self.asked {
                    return heard;
                }
                self.waiting.push_back(heard);
            }
        };
        tokio::time::timeout(PATIENCE, answer).await.expect("an answer in time")
    }

    /// The next message; `None` when the gateway closed the connection.
    pub async fn hear(&mut self) -> Option<Value> {
        if let Some(heard) = self.waiting.pop_front() {
            return Some(heard);
        }
        let heard = tokio::time::timeout(PATIENCE, self.next()).await;
        heard.expect("a message in time")
    }

    /// The next message; `Silent` when none comes before this moment.
    pub async fn hear_before(&mut self, moment: Instant) -> Heard {
        if let Some(heard) = self.waiting.pop_front() {
            return Heard::Message(heard);
        }
        match tokio::time::timeout_at(moment, self.next()).await {
            Ok(Some(heard)) => Heard::Message(heard),
            Ok(None) => Heard::Closed,
            Err(_) => Heard::Silent,
        }
    }

    /// The next message as it came, for protocols that are not one JSON object a message.
    pub async fn hear_text(&mut self) -> Option<String> {
        let heard = tokio::time::timeout(PATIENCE, self.next_text()).await;
        heard.expect("a message in time")
    }

    async fn next(&mut self) -> Option<Value> {
        self.next_text().await.map(|text| serde_json::from_str(&text).unwrap())
    }

    async fn next_text(&mut self) -> Option<String> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// The code that the gateway closes the connection with.
    pub async fn close_code(&mut self) -> Option<u16> {
        let closing = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                    Some(Ok(_)) => {}
                    _ => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, closing).await.expect("a close in time")
    }

    /// The next message of a kind; others are skipped.
    pub async fn hear_of(&mut self, kind: &str) -> Value {
        self.hear_until(|message| message["type"] == kind).await
    }

    /// The next message that is the wanted one; others are skipped.
    pub async fn hear_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.hear().await.expect("an open connection");
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Whether no such message comes for a while; others may.
    pub async fn hears_none_for(&mut self, time: Duration, unwanted: impl Fn(&Value) -> bool) -> bool {
        let hearing = async {
            while let Some(message) = self.hear().await {
                if unwanted(&message) {
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::time::timeout(time, hearing).await.is_err()
    }

    pub async fn subscribe(&mut self, topic: &str) {
        let answer = self.ask(json!({ "action": "subscribe", "topic": topic })).await;
        assert_eq!((&answer["type"], &answer["topic"]), (&json!("Subscribed"), &json!(topic)), "{answer}");
    }
}
