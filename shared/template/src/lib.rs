//! `template.yaml`, the catalogue of functions: what there is, and what route, trigger or schedule sets it going.

mod function;
#[cfg(test)]
mod read;

pub use function::{Consumer, Function, Trigger};

use anyhow::{Context, Result};

/// What the build script read out of it.
const FUNCTIONS: &str = include_str!(concat!(env!("OUT_DIR"), "/functions.json"));

/// The catalogue.
#[derive(Debug)]
pub struct Template {
    functions: Vec<Function>,
}

impl Template {
    /// The catalogue that this program was built with.
    ///
    /// # Errors
    /// When it is not what this program understands, which only a mistake in this crate could cause.
    pub fn built_in() -> Result<Self> {
        Ok(Self { functions: serde_json::from_str(FUNCTIONS).context("template.yaml")? })
    }

    /// Every function, by logical name.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The functions that the stream trigger feeds.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.functions.iter().filter_map(|function| match &function.trigger {
            Trigger::Stream(consumer) => Some(consumer),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_can_be_read_and_every_name_is_the_logical_one_in_kebab_case() {
        let template = Template::built_in().expect("the template");
        assert!(template.functions().len() >= 65);
        assert_eq!(template.consumers().count(), 6);
        let place = template.functions().iter().find(|function| function.name == "place-order").expect("place-order");
        assert_eq!(place.trigger, Trigger::Http { method: "POST".to_owned(), path: "/api/v1/orders".to_owned() });
        let connect = template.functions().iter().find(|function| function.name == "connect").expect("connect");
        assert_eq!(connect.trigger, Trigger::Socket { route: "$connect".to_owned() });
    }
}
