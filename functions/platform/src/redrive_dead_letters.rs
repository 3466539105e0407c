//! `POST /api/v1/dead-letters/{function}/redrive`: a consumer function gets what it could not handle once more. For admins.

use crate::Redrive;
use crate::delivery::deliver_one;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use souk_domain::ports::{DeadLetters, Invoker, KeptLetter, LetterOrder};
use souk_domain::{EntryId, Error, Limit};
use souk_lambda::{
    Admin, ApiError, Command, CommandFailures, Envelope, Failure, PathId, QueryFailures, Reply, StaffFailures, router,
};
use std::time::{Duration, Instant};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// How long one request goes on to the next letter. An HTTP API waits half a minute for an answer.
const TIME: Duration = Duration::from_secs(20);

/// Which letters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wish {
    /// Only this one; without it all of them, those that were given up first at first.
    #[schema(value_type = Option<String>, example = "1700000000000-0")]
    id: Option<EntryId>,
}

/// What became of them.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redriven {
    /// Letters that the function handled now; they are gone.
    #[schema(example = 3)]
    redriven: u64,
    /// Letters that it could not handle again; they stay, with one more delivery and the latest error.
    #[schema(example = 0)]
    failed: u64,
    /// Letters that the function has now, these and any that there was no time for.
    #[schema(example = 0)]
    left: u64,
}

/// Deliver dead letters again
///
/// Only the function that failed gets the events, one by one; no other consumer does. Ends after some 20 seconds: send it again when
/// letters are left that did not fail. A letter that is gone is no error.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/{function}/redrive",
    tag = "platform",
    security(("token" = [])),
    params(("function" = String, Path, description = "The consumer function")),
    request_body = Wish,
    responses(
        (status = 200, description = "What became of the letters", body = Envelope<Redriven>),
        (status = 400, description = "`invalid_id`", body = Failure),
        (status = 404, description = "`not_found`: no function of that name consumes events", body = Failure),
        (status = 422, description = "`invalid_id`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn redrive_dead_letters(
    State(state): State<Redrive>,
    Admin(caller): Admin,
    PathId(function): PathId<String>,
    Command(Wish { id }, _cause): Command<Wish>,
) -> Result<Reply<Redriven>, ApiError> {
    state.operations.consumers.sources_of(&function)?;
    let again = Again { letters: &*state.operations.letters, invoker: &*state.invoker, function: &function };
    let mut done = match id {
        Some(id) => again.one(id).await?,
        None => again.all(Instant::now() + TIME).await?,
    };
    done.left = state.operations.letters.letter_count(&function).await?;
    let Redriven { redriven, failed, .. } = done;
    tracing::info!(function, redriven, failed, by = %caller.id, "dead letters were redriven");
    Ok(Reply::ok(done))
}

/// Delivers the letters of one function again.
struct Again<'a> {
    letters: &'a dyn DeadLetters,
    invoker: &'a dyn Invoker,
    function: &'a str,
}

impl Again<'_> {
    async fn one(&self, id: EntryId) -> Result<Redriven, Error> {
        let mut done = Redriven::default();
        match self.letters.letter(self.function, id).await {
            Ok(letter) => self.deliver(letter, &mut done).await?,
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(done)
    }

    /// Each letter at most once, so that those which fail hold no other up.
    async fn all(&self, until: Instant) -> Result<Redriven, Error> {
        let (mut done, mut after) = (Redriven::default(), None);
        loop {
            let page = self.letters.letters(self.function, LetterOrder::OldestFirst, Limit::default(), after).await?;
            for letter in page.items {
                if Instant::now() >= until {
                    return Ok(done);
                }
                self.deliver(letter, &mut done).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(done);
            }
        }
    }

    /// The letter goes after the delivery: dying in between, the function gets the event once more, which does no harm.
    async fn deliver(&self, letter: KeptLetter, done: &mut Redriven) -> Result<(), Error> {
        let KeptLetter { id, mut entry, .. } = letter;
        entry.deliveries += 1;
        match deliver_one(self.invoker, self.function, &entry).await {
            Ok(()) => {
                self.letters.discard(self.function, id).await?;
                done.redriven += 1;
            }
            Err(error) => {
                self.letters.failed_again(self.function, id, &error.to_string()).await?;
                done.failed += 1;
            }
        }
        Ok(())
    }
}

/// The function.
pub fn router() -> OpenApiRouter<Redrive> {
    router!(redrive_dead_letters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragile::{Fragile, entries};
    use async_trait::async_trait;
    use souk_domain::Page;
    use std::sync::Mutex;

    /// Letters in memory, given up one after the other.
    struct Kept(Mutex<Vec<KeptLetter>>);

    fn id(sequence: u64) -> EntryId {
        EntryId { millis: 1, sequence }
    }

    impl Kept {
        fn letters(number: usize) -> Self {
            let letter = |(entry, sequence)| KeptLetter {
                id: id(sequence),
                stream: "order".to_owned(),
                entry,
                correlation_id: None,
                error: "the first time".to_owned(),
                at: souk_domain::now(),
            };
            Self(Mutex::new(entries(number, 8).into_iter().zip(0..).map(letter).collect()))
        }

        /// Entry, deliveries and latest error of each.
        fn told(&self) -> Vec<(String, u64, String)> {
            let kept = self.0.lock().expect("a lock");
            kept.iter().map(|letter| (letter.entry.id.clone(), letter.entry.deliveries, letter.error.clone())).collect()
        }
    }

    #[async_trait]
    impl DeadLetters for Kept {
        async fn letters(
            &self,
            _: &str,
            _: LetterOrder,
            limit: Limit,
            after: Option<EntryId>,
        ) -> souk_domain::Result<Page<KeptLetter, EntryId>> {
            let kept = self.0.lock().expect("a lock");
            let found = kept.iter().filter(|letter| Some(letter.id) > after).take(limit.get() + 1).cloned().collect();
            Ok(Page::cut(found, limit, |letter| letter.id))
        }
        async fn letter(&self, _: &str, id: EntryId) -> souk_domain::Result<KeptLetter> {
            let kept = self.0.lock().expect("a lock");
            kept.iter().find(|letter| letter.id == id).cloned().ok_or(Error::NotFound("dead letter"))
        }
        async fn letter_count(&self, _: &str) -> souk_domain::Result<u64> {
            Ok(self.0.lock().expect("a lock").len() as u64)
        }
        async fn failed_again(&self, _: &str, id: EntryId, error: &str) -> souk_domain::Result<()> {
            let mut kept = self.0.lock().expect("a lock");
            for letter in kept.iter_mut().filter(|letter| letter.id == id) {
                letter.entry.deliveries += 1;
                letter.error = error.to_owned();
            }
            Ok(())
        }
        async fn discard(&self, _: &str, id: EntryId) -> souk_domain::Result<()> {
            self.0.lock().expect("a lock").retain(|letter| letter.id != id);
            Ok(())
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test]
    async fn each_letter_is_delivered_once_and_those_that_fail_hold_no_other_up() {
        let (letters, mut invoker) = (Kept::letters(50), Fragile::on(&["7-0"]));
        invoker.reported = vec!["31-0".to_owned()];
        let again = Again { letters: &letters, invoker: &invoker, function: "fragile" };
        let done = again.all(soon()).await.expect("an answer");
        assert_eq!((done.redriven, done.failed), (48, 2));
        assert_eq!(invoker.batches(), [1; 50]);
        let crashed = ("7-0".to_owned(), 9, "internal: choked on 7-0".to_owned());
        let told = letters.told();
        assert_eq!((told.len(), &told[0], &told[1].0, told[1].1), (2, &crashed, &"31-0".to_owned(), 9));
    }

    #[tokio::test]
    async fn a_letter_that_is_gone_is_no_error() {
        let (letters, invoker) = (Kept::letters(2), Fragile::on(&[]));
        let again = Again { letters: &letters, invoker: &invoker, function: "fragile" };
        for redriven in [1, 0] {
            assert_eq!(again.one(id(1)).await.expect("an answer"), Redriven { redriven, ..Redriven::default() });
        }
        assert_eq!(letters.told().len(), 1);
    }

    #[tokio::test]
    async fn letters_stay_when_the_time_is_up() {
        let (letters, invoker) = (Kept::letters(3), Fragile::on(&[]));
        let again = Again { letters: &letters, invoker: &invoker, function: "fragile" };
        assert_eq!(again.all(Instant::now()).await.expect("an answer"), Redriven::default());
        assert_eq!((letters.told().len(), invoker.batches().len()), (3, 0));
    }
}
