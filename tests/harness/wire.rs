use futures::{SinkExt, StreamExt};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::{accept_hdr_async, connect_async};

/// What becomes of a message of the shop on its way to the browser, by the number of the connection.
type Disturbance = Box<dyn FnMut(usize, Value) -> Vec<Value> + Send>;

/// A proxy in front of the gateway that reads along, and may lose, repeat and reorder what the shop says.
pub struct Wire {
    pub address: String,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    opened: usize,
    open: usize,
    said: Vec<Value>,
    disturbance: Disturbance,
}

impl Wire {
    /// In front of `target`, a `host:port`.
    pub async fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let as_it_is: Disturbance = Box::new(|_, message| vec![message]);
        let seen = Arc::new(Mutex::new(Seen { opened: 0, open: 0, said: Vec::new(), disturbance: as_it_is }));
        let (watching, target) = (seen.clone(), target.to_owned());
        tokio::spawn(async move {
            loop {
                let (browser, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(browser, target.clone(), watching.clone()));
            }
        });
        Self { address, seen }
    }

    /// From now on this becomes of what the shop says.
    pub fn disturb(&self, disturbance: impl FnMut(usize, Value) -> Vec<Value> + Send + 'static) {
        self.seen().disturbance = Box::new(disturbance);
    }

    /// How many connections there were.
    pub fn opened(&self) -> usize {
        self.seen().opened
    }

    /// How many there are.
    pub fn open(&self) -> usize {
        self.seen().open
    }

    /// How often browsers said such a thing.
    pub fn times_said(&self, wanted: impl Fn(&Value) -> bool) -> usize {
        self.seen().said.iter().filter(|said| wanted(said)).count()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

async fn pass(browser: TcpStream, target: String, seen: Arc<Mutex<Seen>>) {
    let mut path = String::new();
    #[expect(clippy::result_large_err, reason = "the library's type")]
    let note_path = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().to_string();
        Ok(response)
    };
    let Ok(mut browser) = accept_hdr_async(browser, note_path).await else { return };
    let Ok((mut shop, _)) = connect_async(format!("ws://{target}{path}")).await else { return };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.opened += 1;
        seen.open += 1;
        seen.opened
    };
    loop {
        tokio::select! {
            said = browser.next() => {
                let Some(Ok(Message::Text(text))) = said else { break };
                seen.lock().unwrap().said.push(serde_json::from_str(&text).unwrap());
                if shop.send(Message::Text(text)).await.is_err() {
                    break;
                }
            }
            said = shop.next() => {
                let Some(Ok(Message::Text(text))) = said else { break };
                let passed = (seen.lock().unwrap().disturbance)(number, serde_json::from_str(&text).unwrap());
                for message in passed {
                    // One that has gone shows above.
                    let _ = browser.send(Message::text(message.to_string())).await;
                }
            }
        }
    }
    seen.lock().unwrap().open -= 1;
}
