//! A server that speaks as much TDS as the driver needs to hear, and misbehaves when it is told to. Format: [MS-TDS], sections
//! 2.2.3 (packets), 2.2.6 (requests) and 2.2.7 (tokens).

use crate::pool::Limits;
use crate::{Settings, SqlServerStore};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// What the server does with a batch.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// One result for each list of columns; without columns, one without a row.
    Results(Vec<Vec<Column>>),
    /// An error with its number.
    Error(u32, &'static str),
    /// Nothing, for ever.
    Stall,
    /// Closes the connection.
    Cut,
    /// Closes the connection in the middle of a row.
    CutInside,
    /// Bytes that are no token.
    Garbage,
}

/// A column with its name and the value in the only row.
pub(crate) type Column = (&'static str, Cell);

#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(String),
    Int(i32),
    Long(i64),
    Id(Uuid),
    Bytes(Vec<u8>),
    /// 1970 begins.
    Epoch,
    NullTime,
    NullText,
    NullId,
}

/// A batch as it came over the wire.
pub(crate) struct Request {
    /// Counted over all connections, from 0.
    pub(crate) number: usize,
    bytes: Vec<u8>,
}

impl Request {
    /// Whether the batch or one of its parameters holds a text.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.holds(&utf16(text))
    }

    /// Whether one of its parameters holds bytes.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        self.bytes.windows(bytes.len()).any(|window| window == bytes)
    }
}

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A running server; ends with the test.
pub(crate) struct Stub {
    address: SocketAddr,
    logins: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Stub {
    pub(crate) async fn start(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (logins, requests): (Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
        let script: Script = Arc::new(script);
        let (counted_logins, counted) = (logins.clone(), requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (logins, requests, script) = (counted_logins.clone(), counted.clone(), script.clone());
                // The client goes away in the middle of many tests.
                tokio::spawn(async move { serve(stream, &logins, &requests, script).await.unwrap_or_default() });
            }
        });
        Self { address, logins, requests }
    }

    /// Connections that were opened.
    pub(crate) fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }

    /// Batches that arrived.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// A store on this server.
    pub(crate) fn store(&self, connections: usize, limits: Limits) -> SqlServerStore {
        store_at(self.address, connections, limits)
    }
}

pub(crate) fn store_at(address: SocketAddr, connections: usize, limits: Limits) -> SqlServerStore {
    let url = format!("sqlserver://souk:hunter2@{address}/souk?encrypt=off&connections={connections}");
    SqlServerStore::with_limits(Settings::parse(&url).expect("settings"), limits).expect("a store")
}

/// Short enough for a test, long enough for a busy machine.
pub(crate) fn short() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        wait: Duration::from_millis(300),
        idle: Duration::from_secs(30),
        check: Duration::from_millis(300),
        attempt: Duration::from_millis(500),
        call: Duration::from_secs(3),
        rest: Duration::from_millis(500),
    }
}

/// The result of a command.
pub(crate) fn outcome(outcome: &str, result: &str) -> Reply {
    Reply::Results(vec![vec![("outcome", Cell::Text(outcome.to_owned())), ("result", Cell::Text(result.to_owned()))]])
}

const PRELOGIN: u8 = 0x12;
const LOGIN: u8 = 0x10;
const ANSWER: u8 = 0x04;
const LAST_PACKET: u8 = 0x01;
/// What a packet holds besides its header: the driver asks for 4,096 bytes.
const PACKET: usize = 4096 - 8;

async fn serve(
    mut stream: TcpStream,
    logins: &AtomicUsize,
    requests: &AtomicUsize,
    script: Script,
) -> std::io::Result<()> {
    loop {
        let (kind, bytes) = message(&mut stream).await?;
        match kind {
            PRELOGIN => answer(&mut stream, &prelogin()).await?,
            LOGIN => {
                logins.fetch_add(1, Ordering::SeqCst);
                answer(&mut stream, &[login_ack(), done(0)].concat()).await?;
            }
            _ => {
                let number = requests.fetch_add(1, Ordering::SeqCst);
                match script(&Request { number, bytes }) {
                    Reply::Results(results) => {
                        let results: Vec<u8> = results.iter().flat_map(|columns| result(columns)).collect();
                        answer(&mut stream, &[results, done(0)].concat()).await?;
                    }
                    Reply::Error(number, text) => answer(&mut stream, &[error(number, text), done(2)].concat()).await?,
                    Reply::Stall => std::future::pending::<()>().await,
                    Reply::Cut => return Ok(()),
                    Reply::CutInside => {
                        let whole = result(&[("answer", Cell::Text("half of this".to_owned()))]);
                        // The header promises more than what follows.
                        stream.write_all(&header(ANSWER, LAST_PACKET, whole.len())).await?;
                        return stream.write_all(&whole[..whole.len() / 2]).await;
                    }
                    Reply::Garbage => answer(&mut stream, &[0x55; 64]).await?,
                }
            }
        }
    }
}

async fn message(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    loop {
        let mut header = [0; 8];
        stream.read_exact(&mut header).await?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let mut body = vec![0; length - header.len()];
        stream.read_exact(&mut body).await?;
        all.extend(body);
        if header[1] & LAST_PACKET != 0 {
            return Ok((header[0], all));
        }
    }
}

async fn answer(stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    let packets = body.chunks(PACKET).count();
    for (index, packet) in body.chunks(PACKET).enumerate() {
        let status = if index + 1 == packets { LAST_PACKET } else { 0 };
        stream.write_all(&header(ANSWER, status, packet.len())).await?;
        stream.write_all(packet).await?;
    }
    Ok(())
}

fn header(kind: u8, status: u8, length: usize) -> Vec<u8> {
    let length = u16::try_from(length + 8).expect("a packet").to_be_bytes();
    vec![kind, status, length[0], length[1], 0, 0, 1, 0]
}

/// Version and encryption, each with its offset and length; encryption is not supported here.
fn prelogin() -> Vec<u8> {
    let options = [0x00, 0, 11, 0, 6, 0x01, 0, 17, 0, 1, 0xFF];
    [&options[..], &[16, 0, 0, 0, 0, 0], &[0x02]].concat()
}

fn login_ack() -> Vec<u8> {
    let mut body = vec![1, 0x74, 0, 0, 4];
    body.extend(short_text("stub"));
    body.extend([16, 0, 0, 0]);
    token(0xAD, body)
}

fn done(status: u8) -> Vec<u8> {
    [&[0xFD, status, 0, 0, 0][..], &[0; 8]].concat()
}

fn error(number: u32, text: &str) -> Vec<u8> {
    let mut body = number.to_le_bytes().to_vec();
    body.extend([1, 14]);
    body.extend(u16::try_from(text.encode_utf16().count()).expect("a text").to_le_bytes());
    body.extend(utf16(text));
    body.extend([0, 0]);
    body.extend(1_u32.to_le_bytes());
    token(0xAA, body)
}

fn token(kind: u8, body: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a token").to_le_bytes();
    [vec![kind, length[0], length[1]], body].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn short_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.encode_utf16().count()).expect("a name");
    [vec![length], utf16(text)].concat()
}

/// COLMETADATA, one ROW and a DONE that says that more comes.
fn result(columns: &[Column]) -> Vec<u8> {
    let nothing = [("nothing", Cell::Int(0))];
    let is_empty = columns.is_empty();
    let columns = if is_empty { &nothing[..] } else { columns };
    let mut bytes = vec![0x81];
    bytes.extend(u16::try_from(columns.len()).expect("columns").to_le_bytes());
    for (name, cell) in columns {
        bytes.extend([0; 6]);
        bytes.extend(type_info(cell));
        bytes.extend(short_text(name));
    }
    if !is_empty {
        bytes.push(0xD1);
        bytes.extend(columns.iter().flat_map(|(_, cell)| value(cell)));
    }
    bytes.extend(done(1));
    bytes
}

fn type_info(cell: &Cell) -> Vec<u8> {
    match cell {
        Cell::Text(_) | Cell::NullText => vec![0xE7, 0xFF, 0xFF, 0x09, 0x04, 0xD0, 0x00, 0x34],
        Cell::Int(_) => vec![0x26, 4],
        Cell::Long(_) => vec![0x26, 8],
        Cell::Id(_) | Cell::NullId => vec![0x24, 16],
        Cell::Bytes(_) => vec![0xA5, 0xFF, 0xFF],
        Cell::Epoch | Cell::NullTime => vec![0x2A, 6],
    }
}

fn value(cell: &Cell) -> Vec<u8> {
    match cell {
        Cell::Text(text) => chunked(utf16(text)),
        Cell::NullText => vec![0xFF; 8],
        Cell::Int(number) => [vec![4], number.to_le_bytes().to_vec()].concat(),
        Cell::Long(number) => [vec![8], number.to_le_bytes().to_vec()].concat(),
        Cell::Id(id) => [vec![16], id.to_bytes_le().to_vec()].concat(),
        Cell::Bytes(bytes) => chunked(bytes.clone()),
        Cell::Epoch => vec![8, 0, 0, 0, 0, 0, 0x3A, 0xF9, 0x0A],
        Cell::NullTime | Cell::NullId => vec![0],
    }
}

/// A value of unlimited length: its length, its chunks, an empty chunk.
fn chunked(bytes: Vec<u8>) -> Vec<u8> {
    let mut whole = (bytes.len() as u64).to_le_bytes().to_vec();
    if !bytes.is_empty() {
        whole.extend((bytes.len() as u32).to_le_bytes());
        whole.extend(bytes);
    }
    whole.extend([0; 4]);
    whole
}
