use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A script in a process of Node: told what to do line by line, in JSON, and telling what happens likewise.
pub struct Script {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    told: VecDeque<Value>,
    asked: u64,
}

impl Script {
    pub fn start(path: &Path) -> Self {
        let mut process = Command::new("node")
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node is installed");
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { _process: process, input, output: BufReader::new(output).lines(), told: VecDeque::new(), asked: 0 }
    }

    /// The next thing that is told and wanted; what is told before it is kept.
    pub async fn tells(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.told.iter().position(&wanted) {
            return self.told.remove(place).unwrap();
        }
        let telling = async {
            loop {
                let line = self.output.next_line().await.unwrap().expect("a process that goes on");
                let told: Value = serde_json::from_str(&line).unwrap();
                if wanted(&told) {
                    return told;
                }
                self.told.push_back(told);
            }
        };
        match tokio::time::timeout(PATIENCE, telling).await {
            Ok(told) => told,
            Err(_) => panic!("it was not told in time; this was: {:?}", self.told),
        }
    }

    /// What was told and not asked for yet.
    pub fn told(&self) -> impl Iterator<Item = &Value> {
        self.told.iter()
    }

    /// Has it do something; its answer.
    pub async fn does(&mut self, mut what: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        what["id"] = json!(id);
        self.input.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        self.tells(|told| told["id"] == id).await
    }
}
