//! What came back, in plain words.

use crate::resolver::OutOfReach;
use http::StatusCode;
use hyper_util::client::legacy;
use std::error::Error;
use std::io;

/// What is read of an answer, in bytes.
pub(crate) const LARGEST: usize = 1024;
/// What is told of it, in characters.
const TOLD: usize = 200;

/// How an answer begins.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

/// Why an answer is a failure; `None` when it is none.
pub(crate) fn of_answer(answer: &Answer) -> Option<String> {
    let status = answer.status.as_u16();
    if answer.status.is_success() {
        return None;
    }
    if answer.status.is_redirection() {
        return Some(format!("answered {status}, a redirect, which is not followed"));
    }
    let text = answer.text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    let text: String = text.collect::<Vec<_>>().join(" ").chars().take(TOLD).collect();
    Some(if text.is_empty() { format!("answered {status}") } else { format!("answered {status}: {text}") })
}

/// Why no answer came.
pub(crate) fn in_words(error: &legacy::Error) -> String {
    if is_out_of_reach(error) {
        return OutOfReach.to_string();
    }
    let what = if error.is_connect() { "no connection" } else { "the connection broke" };
    // The last cause says most.
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    format!("{what}: {cause}")
}

fn is_out_of_reach(error: &legacy::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if inner.is_some_and(|inner| inner.is::<OutOfReach>()) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_in_few_words() {
        let told = |status: u16, text: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            of_answer(&Answer { status, text: text.to_owned() })
        };
        assert_eq!((told(200, "no"), told(299, "")), (None, None));
        assert_eq!(told(500, " \r\n").as_deref(), Some("answered 500"));
        assert_eq!(told(401, "who\u{0}are\r\n\tyou").as_deref(), Some("answered 401: who are you"));
        assert_eq!(told(302, "there").as_deref(), Some("answered 302, a redirect, which is not followed"));
        assert_eq!(told(500, &"é".repeat(1000)).expect("a failure").chars().count(), "answered 500: ".len() + TOLD);
    }
}
