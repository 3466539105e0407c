//! The event source that Lambda does not have: reads a stream, invokes a consumer function with batches, and acknowledges
//! what it handled.

use crate::delivery::{REPORTED, deliver};
use souk_domain::ports::{DeadLetter, EventStream, Invoker, StreamEntry, StreamGroup};
use souk_domain::{Aggregate, Error, Result};
use souk_template::Template;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a read waits for the first entry.
const WAIT: Duration = Duration::from_secs(1);
/// How often entries are looked for that are due again, and old ones trimmed.
const HOUSEKEEPING: Duration = Duration::from_millis(500);
/// The batch window: entries that come within it after a batch make the next one. The first entry after a quiet time waits
/// for nothing; under load, few large invocations do the work of many small ones.
const WINDOW: Duration = Duration::from_millis(20);
/// The pause after Redis failed.
const PAUSE: Duration = Duration::from_millis(250);

/// Which stream feeds which function.
#[derive(Clone, Debug)]
pub struct TriggerSource {
    /// Which events.
    pub stream: Aggregate,
    /// The consumer function; its name is the consumer group's.
    pub function: String,
    /// Most entries of one invocation.
    pub batch: usize,
    /// Every function that the stream feeds, this one among them.
    pub consumers: Vec<String>,
    /// The longest that an invocation may take.
    pub timeout: Duration,
}

/// The sources that the catalogue declares.
///
/// # Errors
/// `Internal` for a stream that does not exist.
pub fn sources(template: &Template) -> Result<Vec<TriggerSource>> {
    let mut sources = Vec::new();
    for function in template.functions() {
        let souk_template::Trigger::Stream(consumer) = &function.trigger else { continue };
        for name in &consumer.streams {
            let stream = Aggregate::from_word(name).ok_or_else(|| Error::configuration(format!("no stream {name}")))?;
            let consumers = template.consumers().filter(|other| other.streams.contains(name));
            sources.push(TriggerSource {
                stream,
                function: consumer.function.clone(),
                batch: consumer.batch_size,
                consumers: consumers.map(|other| other.function.clone()).collect(),
                timeout: function.timeout,
            });
        }
    }
    Ok(sources)
}

/// Feeds one stream to one function.
pub struct Trigger {
    stream: Arc<dyn EventStream>,
    invoker: Arc<dyn Invoker>,
    group: StreamGroup,
    batch: usize,
    consumers: Vec<String>,
    wait: Duration,
    housekeeping: Duration,
}

impl Trigger {
    /// A trigger that reads as `reader`; several readers share the work.
    pub fn new(source: &TriggerSource, reader: &str, stream: Arc<dyn EventStream>, invoker: Arc<dyn Invoker>) -> Self {
        let TriggerSource { stream: aggregate, function, batch, consumers, .. } = source.clone();
        let group = StreamGroup { stream: aggregate, group: function, reader: reader.to_owned() };
        Self { stream, invoker, group, batch, consumers, wait: WAIT, housekeeping: HOUSEKEEPING }
    }

    /// Looks often enough for entries whose first pause is so short.
    pub fn retrying_after(self, first_pause: Duration) -> Self {
        Self { wait: first_pause.min(WAIT), housekeeping: (first_pause / 2).min(HOUSEKEEPING), ..self }
    }

    /// Works until `deadline` or for ever. What is in progress at the deadline is finished, so leave room behind it.
    pub async fn run(&self, deadline: Option<Instant>) {
        let mut housekept: Option<Instant> = None;
        let mut is_ready = false;
        while deadline.is_none_or(|deadline| Instant::now() + self.wait < deadline) {
            let due = housekept.is_none_or(|at| at.elapsed() >= self.housekeeping);
            match self.round(&mut is_ready, due, deadline).await {
                Ok(()) if due => housekept = Some(Instant::now()),
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, function = self.group.group, "the stream is away");
                    // A server that lost its data lost the group, too.
                    is_ready = false;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn round(&self, is_ready: &mut bool, housekeeping: bool, deadline: Option<Instant>) -> Result<()> {
        if !*is_ready {
            self.stream.ensure_group(&self.group).await?;
            self.finish_what_was_left(deadline).await?;
            *is_ready = true;
        }
        if housekeeping {
            self.stream.trim(self.group.stream, &self.consumers).await?;
            let again = self.stream.claim(&self.group, self.batch).await?;
            self.work_through(again, deadline).await?;
        }
        let entries = self.stream.read(&self.group, self.batch, self.wait).await?;
        let window = tokio::time::Instant::now() + WINDOW;
        let is_partial = (1..self.batch).contains(&entries.len());
        self.work_through(entries, deadline).await?;
        if is_partial {
            tokio::time::sleep_until(window).await;
        }
        Ok(())
    }

    /// An earlier run under this reader's name may have died with entries in hand.
    async fn finish_what_was_left(&self, deadline: Option<Instant>) -> Result<()> {
        loop {
            let left = self.stream.left_behind(&self.group, self.batch).await?;
            if left.is_empty() {
                return Ok(());
            }
            // Settling takes each of them out of the reader's hand, so this ends.
            self.work_through(left, deadline).await?;
        }
    }

    /// Invokes the function and settles every entry: acknowledged, put back, or buried.
    ///
    /// A function that crashes does not say on what. Its batch is halved, and the half that it crashes on again, until the entry
    /// stands alone, so that it holds no other up and takes none with it. What passes by itself sooner or later is not looked for
    /// this way, nor anything once the time is up.
    async fn work_through(&self, entries: Vec<StreamEntry>, deadline: Option<Instant>) -> Result<()> {
        let mut splits = splits(&entries);
        let mut batches = vec![entries];
        while let Some(mut batch) = batches.pop() {
            if batch.is_empty() {
                continue;
            }
            match deliver(&*self.invoker, &self.group.group, &batch).await {
                Ok(failed) => self.settle(batch, &failed, REPORTED).await?,
                Err(error) => {
                    let may_pass = matches!(error, Error::Unavailable(_));
                    let in_time = deadline.is_none_or(|deadline| Instant::now() < deadline);
                    if batch.len() > 1 && splits > 0 && in_time && !may_pass {
                        splits -= 1;
                        tracing::warn!(function = self.group.group, entries = batch.len(), %error, "halving a batch");
                        let later = batch.split_off(batch.len() / 2);
                        batches.extend([later, batch]);
                    } else {
                        let failed = batch.iter().map(|entry| entry.id.clone()).collect();
                        self.settle(batch, &failed, &error.to_string()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn settle(&self, entries: Vec<StreamEntry>, failed: &HashSet<String>, error: &str) -> Result<()> {
        let (failed, handled): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| failed.contains(&entry.id));
        self.stream.acknowledge(&self.group, &ids(&handled)).await?;
        if failed.is_empty() {
            return Ok(());
        }
        tracing::warn!(function = self.group.group, entries = failed.len(), error, "entries failed");
        let (dead, alive): (Vec<_>, Vec<_>) = failed.into_iter().partition(is_at_its_end);
        if !alive.is_empty() {
            self.stream.put_back(&self.group, &ids(&alive)).await?;
        }
        if dead.is_empty() {
            return Ok(());
        }
        let letters: Vec<_> = dead.into_iter().map(|entry| DeadLetter { entry, error: error.to_owned() }).collect();
        self.stream.bury(&self.group, &letters).await
    }
}

fn is_at_its_end(entry: &StreamEntry) -> bool {
    entry.deliveries >= StreamEntry::MAX_DELIVERIES
}

/// How often a batch may be halved: as often as it takes to find one entry, so that a function which crashes on everything is not
/// invoked for each. Before an entry is buried, as often as it takes to find them all: no entry is buried for another one.
fn splits(entries: &[StreamEntry]) -> u32 {
    match entries.iter().any(is_at_its_end) {
        true => u32::try_from(entries.len()).unwrap_or(u32::MAX),
        false => entries.len().next_power_of_two().ilog2(),
    }
}

fn ids(entries: &[StreamEntry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragile::{Fragile, entries};
    use async_trait::async_trait;
    use std::sync::Mutex;

    /// What became of each entry, in order.
    #[derive(Default)]
    struct Settled {
        acknowledged: Mutex<Vec<String>>,
        put_back: Mutex<Vec<String>>,
        buried: Mutex<Vec<(String, String)>>,
        /// What the next reads take, the last one first.
        unread: Mutex<Vec<Vec<StreamEntry>>>,
        /// When there was a read.
        reads: Mutex<Vec<Instant>>,
    }

    #[async_trait]
    impl EventStream for Settled {
        async fn ensure_group(&self, _: &StreamGroup) -> Result<()> {
            Ok(())
        }
        async fn read(&self, _: &StreamGroup, _: usize, _: Duration) -> Result<Vec<StreamEntry>> {
            self.reads.lock().expect("a lock").push(Instant::now());
            Ok(self.unread.lock().expect("a lock").pop().unwrap_or_default())
        }
        async fn left_behind(&self, _: &StreamGroup, _: usize) -> Result<Vec<StreamEntry>> {
            Ok(Vec::new())
        }
        async fn claim(&self, _: &StreamGroup, _: usize) -> Result<Vec<StreamEntry>> {
            Ok(Vec::new())
        }
        async fn put_back(&self, _: &StreamGroup, ids: &[String]) -> Result<()> {
            self.put_back.lock().expect("a lock").extend_from_slice(ids);
            Ok(())
        }
        async fn acknowledge(&self, _: &StreamGroup, ids: &[String]) -> Result<()> {
            self.acknowledged.lock().expect("a lock").extend_from_slice(ids);
            Ok(())
        }
        async fn bury(&self, _: &StreamGroup, letters: &[DeadLetter]) -> Result<()> {
            let told = letters.iter().map(|letter| (letter.entry.id.clone(), letter.error.clone()));
            self.buried.lock().expect("a lock").extend(told);
            Ok(())
        }
        async fn trim(&self, _: Aggregate, _: &[String]) -> Result<()> {
            Ok(())
        }
    }

    fn trigger(stream: &Arc<Settled>, invoker: &Arc<Fragile>) -> Trigger {
        let function = "fragile".to_owned();
        let consumers = vec![function.clone()];
        let source =
            TriggerSource { stream: Aggregate::Order, function, batch: 100, consumers, timeout: Duration::ZERO };
        Trigger::new(&source, "r", stream.clone(), invoker.clone())
    }

    async fn run(invoker: Fragile, entries: Vec<StreamEntry>, deadline: Option<Instant>) -> (Settled, Vec<usize>) {
        let (stream, invoker) = (Arc::new(Settled::default()), Arc::new(invoker));
        let trigger = trigger(&stream, &invoker);
        trigger.work_through(entries, deadline).await.expect("the stream is there");
        drop(trigger);
        let batches = invoker.batches();
        (Arc::try_unwrap(stream).ok().expect("nobody else has it"), batches)
    }

    fn list(ids: &Mutex<Vec<String>>) -> Vec<String> {
        ids.lock().expect("a lock").clone()
    }

    #[tokio::test]
    async fn an_entry_that_a_function_crashes_on_is_put_back_alone() {
        for poison in ["0-0", "57-0", "99-0"] {
            let (settled, batches) = run(Fragile::on(&[poison]), entries(100, 1), None).await;
            assert_eq!(list(&settled.put_back), [poison]);
            let good: Vec<String> = (0..100).map(|n| format!("{n}-0")).filter(|id| id != poison).collect();
            assert_eq!(list(&settled.acknowledged), good, "in their order");
            assert!(batches.len() <= 1 + 2 * 7, "{batches:?}");
        }
    }

    #[tokio::test]
    async fn a_function_that_crashes_on_everything_is_not_invoked_for_every_entry() {
        let all: Vec<&'static str> = vec!["0-0", "1-0", "2-0", "3-0", "4-0", "5-0", "6-0", "7-0"];
        let (settled, batches) = run(Fragile::on(&all), entries(8, 1), None).await;
        let mut put_back = list(&settled.put_back);
        put_back.sort();
        assert_eq!(put_back, all);
        assert!(batches.len() <= 1 + 2 * 3, "{batches:?}");
    }

    #[tokio::test]
    async fn no_entry_is_buried_for_another_one() {
        let poison = ["1-0", "2-0", "5-0", "8-0", "12-0"];
        let (settled, _) = run(Fragile::on(&poison), entries(16, StreamEntry::MAX_DELIVERIES), None).await;
        let buried = settled.buried.lock().expect("a lock").clone();
        assert_eq!(buried, poison.map(|id| (id.to_owned(), format!("internal: choked on {id}"))));
        assert_eq!((list(&settled.acknowledged).len(), list(&settled.put_back).len()), (11, 0));
    }

    #[tokio::test]
    async fn what_may_pass_by_itself_is_put_back_as_a_whole() {
        let (settled, batches) =
            run(Fragile { failure: Error::Unavailable, ..Fragile::on(&["3-0"]) }, entries(8, 1), None).await;
        assert_eq!((list(&settled.put_back).len(), batches), (8, vec![8]));
    }

    #[tokio::test]
    async fn entries_that_are_reported_cost_no_other_invocation() {
        let (settled, batches) =
            run(Fragile { reported: vec!["3-0".to_owned()], ..Fragile::on(&[]) }, entries(8, 1), None).await;
        assert_eq!((list(&settled.put_back), list(&settled.acknowledged).len()), (vec!["3-0".to_owned()], 7));
        assert_eq!(batches, [8]);
    }

    #[tokio::test]
    async fn after_a_partial_batch_the_next_one_has_a_window_to_come_together() {
        let (stream, invoker) = (Arc::new(Settled::default()), Arc::new(Fragile::on(&[])));
        let trigger = trigger(&stream, &invoker);
        *stream.unread.lock().expect("a lock") = vec![entries(3, 1), entries(1, 1)];
        for _ in 0..2 {
            trigger.round(&mut true, false, None).await.expect("the stream is there");
        }
        let reads = stream.reads.lock().expect("a lock").clone();
        assert!(reads[1] - reads[0] >= WINDOW, "{reads:?}");
        assert_eq!(invoker.batches(), [1, 3]);
    }

    #[tokio::test]
    async fn nothing_is_halved_once_the_time_is_up() {
        let (settled, batches) = run(Fragile::on(&["3-0"]), entries(8, 1), Some(Instant::now())).await;
        assert_eq!((list(&settled.put_back).len(), batches), (8, vec![8]));
    }
}
