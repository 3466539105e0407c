//! One thread writes. It runs all commands that wait, each in a savepoint of its own, in one transaction, and commits them
//! together: a commit costs one flush to the disk, so sharing it is what makes durable writes fast under load. A command is
//! answered after the commit that holds it.

use crate::errors::{failed, internal, unavailable};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use souk_domain::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::{mpsc, oneshot};

/// Most commands in one transaction: bounds how long the first one waits for the last.
const GROUP: usize = 64;
/// Most commands that wait; more callers wait for a place.
const QUEUE: usize = 1024;

/// Runs a command in the open transaction, `None` when it could not be opened; gives back what answers it.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Answer + Send>;
/// Answers a command; the argument says why the commit failed.
type Answer = Box<dyn FnOnce(Option<&str>) + Send>;

#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(crate) fn start(connection: Connection) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || run(connection, waiting))
            .map_err(unavailable)?;
        Ok(Self { jobs })
    }

    /// Runs `work` in a transaction; its error undoes what it did.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(job(work, answer)).await.map_err(|_| unavailable("the writer stopped"))?;
        answered.await.map_err(|_| unavailable("the writer stopped"))?
    }

    /// Puts `work` in the queue without waiting for it. For work whose loss does no harm.
    pub(crate) fn write_later(&self, work: impl FnOnce(&Connection) -> Result<()> + Send + 'static) {
        let (answer, _) = oneshot::channel();
        if self.jobs.try_send(job(work, answer)).is_err() {
            tracing::debug!("the writer's queue is full, work that may be lost is dropped");
        }
    }
}

fn job<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    answer: oneshot::Sender<Result<T>>,
) -> Job {
    Box::new(move |connection| {
        let result = match connection {
            Some(connection) => in_savepoint(connection, work),
            None => Err(unavailable("no transaction")),
        };
        Box::new(move |failure| {
            let result = match failure {
                Some(text) => result.and_then(|_| Err(unavailable(text))),
                None => result,
            };
            // The caller may have gone away; the commit stands.
            let _ = answer.send(result);
        })
    })
}

fn in_savepoint<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    connection.execute_batch("SAVEPOINT command").map_err(failed)?;
    let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(Error::Internal("a command panicked".to_owned())));
    if connection.is_autocommit() {
        // SQLite gave up the whole transaction (disk full, I/O error); `run` tells everybody in it.
        return result.and_then(|_| Err(unavailable("the transaction was lost")));
    }
    if result.is_err() {
        connection.execute_batch("ROLLBACK TO command").map_err(failed)?;
    }
    connection.execute_batch("RELEASE command").map_err(failed)?;
    result
}

fn run(mut connection: Connection, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(transaction) => transaction,
            Err(error) => {
                tracing::error!(%error, "no transaction could be opened");
                first(None)(None);
                continue;
            }
        };
        let answers = run_group(&transaction, first, &mut waiting);
        let failure = commit(transaction).err().map(|error| error.to_string());
        if let Some(error) = &failure {
            tracing::error!(%error, commands = answers.len(), "a commit failed");
        }
        for answer in answers {
            answer(failure.as_deref());
        }
    }
}

fn run_group(transaction: &Transaction<'_>, first: Job, waiting: &mut mpsc::Receiver<Job>) -> Vec<Answer> {
    let mut answers = vec![first(Some(transaction))];
    while answers.len() < GROUP && !transaction.is_autocommit() {
        match waiting.try_recv() {
            Ok(job) => answers.push(job(Some(transaction))),
            Err(_) => break,
        }
    }
    answers
}

fn commit(transaction: Transaction<'_>) -> Result<()> {
    if transaction.is_autocommit() {
        return Err(internal("the transaction was lost"));
    }
    transaction.commit().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch("CREATE TABLE t (n INTEGER UNIQUE)").expect("a table");
        Writer::start(connection).expect("a writer")
    }

    async fn insert(writer: &Writer, n: i64) -> Result<()> {
        writer.write(move |c| c.execute("INSERT INTO t VALUES (?1)", [n]).map(drop).map_err(failed)).await
    }

    async fn numbers(writer: &Writer) -> i64 {
        let count = |c: &Connection| c.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).map_err(failed);
        writer.write(count).await.expect("a count")
    }

    #[tokio::test]
    async fn a_command_that_fails_leaves_the_others_of_its_group_alone() {
        let writer = writer();
        let commands = (0..200).map(|n| {
            let writer = writer.clone();
            // Each number twice: one of the two breaks the constraint.
            tokio::spawn(async move { insert(&writer, n / 2).await.is_ok() })
        });
        let mut done = 0;
        for command in commands.collect::<Vec<_>>() {
            done += i64::from(command.await.expect("a command"));
        }
        assert_eq!((done, numbers(&writer).await), (100, 100));
    }

    #[tokio::test]
    async fn an_error_undoes_what_the_command_did() {
        let writer = writer();
        let result: Result<()> = writer
            .write(|c| {
                c.execute("INSERT INTO t VALUES (1)", []).map_err(failed)?;
                Err(Error::CATEGORY_IN_USE)
            })
            .await;
        assert!(matches!(result, Err(Error::Conflict { .. })));
        assert_eq!(numbers(&writer).await, 0);
    }

    #[tokio::test]
    async fn a_panic_fails_its_command_only() {
        let writer = writer();
        let result: Result<()> = writer
            .write(|c| {
                c.execute("INSERT INTO t VALUES (1)", []).map_err(failed)?;
                panic!("on purpose");
            })
            .await;
        assert!(matches!(result, Err(Error::Internal(_))));
        insert(&writer, 2).await.expect("the writer goes on");
        assert_eq!(numbers(&writer).await, 1);
    }
}
