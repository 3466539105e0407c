//! Servers for tests, and what stands between them and a client.

use souk_redis::{RedisEventStream, RedisLink};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Tells a process of these tests to be an embedded server: its port and its folder.
const SERVE: &str = "SOUK_TEST_SERVE";

/// A server for one test.
pub struct Server {
    pub url: String,
    process: Option<Child>,
    port: u16,
    folder: TempDir,
}

fn is_redis_server() -> bool {
    std::env::var("SOUK_TEST_REDIS").as_deref() == Ok("redis-server")
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn redis_server(port: u16, folder: &Path, keeps: bool) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder);
    command.args(["--appendonly", if keeps { "yes" } else { "no" }, "--appendfsync", "always"]);
    command.stdout(Stdio::null()).spawn().expect("redis-server is installed")
}

/// Killed as a process: what a crash leaves behind is looked at.
fn embedded_server(port: u16, folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "server::a_process_for_the_embedded_server", "--nocapture"]);
    command.env(SERVE, format!("{port} {}", folder.display()));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
#[ignore = "other tests run it as a process"]
fn a_process_for_the_embedded_server() {
    let Ok(wish) = std::env::var(SERVE) else { return };
    let (port, folder) = wish.split_once(' ').unwrap();
    let mut config = kevy_config::Config::default();
    config.persistence.appendfsync = kevy_config::AppendFsync::Always;
    kevy::config_init(Arc::new(config));
    kevy::serve([127, 0, 0, 1], port.parse().unwrap(), 1, PathBuf::from(folder), true);
}

/// Waits until a server answers: one that starts may close what connects too early.
fn wait_for(port: u16) {
    let answers = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        stream.write_all(b"PING\r\n").ok()?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).ok().filter(|()| &answer == b"+PONG\r\n")
    };
    let started = Instant::now();
    while answers().is_none() {
        assert!(started.elapsed() < Duration::from_secs(30), "the server does not answer");
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl Server {
    /// A server that nobody else uses and that keeps nothing.
    pub fn start() -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let process = if is_redis_server() {
            Some(redis_server(port, folder.path(), false))
        } else {
            let path = folder.path().to_owned();
            std::thread::spawn(move || kevy::serve([127, 0, 0, 1], port, 1, path, false));
            None
        };
        Self::wait(port, folder, process)
    }

    /// A server for a test whose keys nobody else has. All of them share the embedded one, which ends with the process.
    pub fn shared() -> Self {
        static EMBEDDED: OnceLock<u16> = OnceLock::new();
        if is_redis_server() {
            return Self::start();
        }
        let port = *EMBEDDED.get_or_init(|| Self::start().port);
        Self::wait(port, tempfile::tempdir().unwrap(), None)
    }

    /// A server that writes down what it is told, and can be restarted.
    pub fn start_lasting() -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let process = Self::lasting_process(port, folder.path());
        Self::wait(port, folder, Some(process))
    }

    fn lasting_process(port: u16, folder: &Path) -> Child {
        if is_redis_server() { redis_server(port, folder, true) } else { embedded_server(port, folder) }
    }

    fn wait(port: u16, folder: TempDir, process: Option<Child>) -> Self {
        wait_for(port);
        Self { url: format!("redis://127.0.0.1:{port}"), process, port, folder }
    }

    /// Ends a lasting server without warning and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.process = Some(Self::lasting_process(self.port, self.folder.path()));
        wait_for(self.port);
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub fn link(&self) -> RedisLink {
        RedisLink::new(&self.url).unwrap()
    }

    pub fn stream(&self) -> RedisEventStream {
        RedisEventStream::new(self.link())
    }

    /// A connection for commands that no port has.
    pub async fn raw(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Stands between a client and a server and counts round trips: whatever is sent after an answer begins another one.
pub struct CountingProxy {
    url: String,
    count: Arc<AtomicUsize>,
}

impl CountingProxy {
    pub fn before(server: &Server) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let (port, counted) = (server.port, Arc::clone(&count));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
                pass_through(&client, &server, &counted);
            }
        });
        Self { url, count }
    }

    pub fn link(&self) -> RedisLink {
        RedisLink::new(&self.url).unwrap()
    }

    /// Round trips since the last time.
    pub fn take(&self) -> usize {
        self.count.swap(0, Ordering::SeqCst)
    }
}

fn pass_through(client: &TcpStream, server: &TcpStream, count: &Arc<AtomicUsize>) {
    let (count, is_answered) = (Arc::clone(count), Arc::new(AtomicBool::new(true)));
    let answered = Arc::clone(&is_answered);
    pass_on(client, server, move || {
        if is_answered.swap(false, Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    pass_on(server, client, move || answered.store(true, Ordering::SeqCst));
}

fn pass_on(from: &TcpStream, to: &TcpStream, noted: impl Fn() + Send + 'static) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            noted();
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
