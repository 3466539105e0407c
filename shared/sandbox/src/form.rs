//! Parameters as Stripe takes them: a form, with `metadata[name]=value` for what is nested.

use crate::failure::Failure;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use url::form_urlencoded;

/// Most keys of metadata, and the longest value, as at Stripe.
const METADATA_KEYS: usize = 50;
const METADATA_VALUE: usize = 500;

/// The parameters of a request.
#[derive(Clone, Debug)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a body or a query. Whatever is not `known` is refused, as Stripe does: a misspelt parameter has no effect, and that
    /// should be seen.
    pub(crate) fn parse(text: &[u8], known: &[&str]) -> Result<Self, Failure> {
        let form = Self(form_urlencoded::parse(text).into_owned().collect());
        let is_known = |name: &String| {
            known.contains(&name.as_str()) || metadata_key(name).is_some_and(|_| known.contains(&"metadata"))
        };
        match form.0.keys().find(|name| !is_known(name)) {
            Some(name) => {
                Err(Failure::invalid(Some("parameter_unknown"), name, format!("Received unknown parameter: {name}")))
            }
            None => Ok(form),
        }
    }

    /// The same text for the same parameters, in whatever order they came.
    pub(crate) fn canonical(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Failure> {
        let missing = || Failure::invalid(Some("parameter_missing"), name, format!("Missing required param: {name}."));
        self.text(name).ok_or_else(missing)
    }

    /// A number of minor units, at least 1.
    pub(crate) fn amount(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(amount @ 1..) => Ok(Some(amount)),
            Ok(_) => Err(Failure::invalid(
                Some("parameter_invalid_integer"),
                name,
                "This value must be greater than or equal to 1.",
            )),
            Err(_) => {
                Err(Failure::invalid(Some("parameter_invalid_integer"), name, format!("Invalid integer: {text}")))
            }
        }
    }

    /// How many of a list: 1 to 100, 10 when nothing is said.
    pub(crate) fn limit(&self) -> Result<usize, Failure> {
        match self.amount("limit")? {
            None => Ok(10),
            Some(limit) => usize::try_from(limit).ok().filter(|limit| *limit <= 100).ok_or_else(|| {
                Failure::invalid(
                    Some("parameter_invalid_integer"),
                    "limit",
                    "This value must be less than or equal to 100.",
                )
            }),
        }
    }

    /// One of a few words.
    pub(crate) fn one_of(&self, name: &str, words: &[&str]) -> Result<&str, Failure> {
        let text = self.required(name)?;
        match words.contains(&text) {
            true => Ok(text),
            false => Err(Failure::invalid(None, name, format!("Invalid {name}: must be one of {}", words.join(", ")))),
        }
    }

    /// `metadata[…]`, as an object.
    pub(crate) fn metadata(&self) -> Result<Value, Failure> {
        let pairs = self.0.iter().filter_map(|(name, value)| Some((metadata_key(name)?, value)));
        let metadata: Map<_, _> = pairs.map(|(key, value)| (key.to_owned(), Value::String(value.clone()))).collect();
        let is_short = |value: &Value| value.as_str().is_some_and(|text| text.len() <= METADATA_VALUE);
        match metadata.len() <= METADATA_KEYS && metadata.values().all(is_short) {
            true => Ok(Value::Object(metadata)),
            false => {
                Err(Failure::invalid(None, "metadata", "Metadata has up to 50 keys with up to 500 characters each."))
            }
        }
    }
}

fn metadata_key(name: &str) -> Option<&str> {
    name.strip_prefix("metadata[")?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_the_same_in_whatever_order_it_came() {
        let known = ["amount", "currency"];
        let one = Form::parse(b"amount=5&currency=gbp", &known).expect("a form").canonical();
        assert_eq!(Form::parse(b"currency=gbp&amount=5", &known).expect("a form").canonical(), one);
        assert_ne!(Form::parse(b"currency=gbp&amount=6", &known).expect("a form").canonical(), one);
    }

    #[test]
    fn a_parameter_that_nobody_reads_is_refused() {
        for body in ["amonut=5", "metadata[a]=1", "amount[x]=1"] {
            assert_eq!(Form::parse(body.as_bytes(), &["amount"]).expect_err(body).status, 400);
        }
        assert!(Form::parse(b"metadata[a]=1", &["metadata"]).is_ok());
    }

    #[test]
    fn an_amount_is_a_whole_number_above_nothing() {
        for body in ["amount=0", "amount=-5", "amount=1.5", "amount=much", "amount=99999999999999999999"] {
            let form = Form::parse(body.as_bytes(), &["amount"]).expect("a form");
            assert!(form.amount("amount").is_err(), "{body}");
        }
    }
}
