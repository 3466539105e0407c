use crate::Violation;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest term the index keeps, in characters. Longer words are cut, in products and queries alike.
const TERM_LENGTH: usize = 40;
/// Most different terms that one product is found by.
const TERMS_PER_PRODUCT: usize = 200;
/// Most words of one query; each costs one range of the index.
const WORDS_PER_QUERY: usize = 10;

/// Longest sort key, in bytes: four for each of 200 characters. Only names of characters that fold into many reach it, and
/// those count as equal when they differ behind it. An index of SQL Server takes keys of 1,700 bytes.
const SORT_KEY_LENGTH: usize = 800;

/// Folds a text for comparison: compatibility forms are resolved, accents dropped, case lowered (Unicode NFKD).
///
/// Stores order and compare this key byte by byte, so every store gives the same order whatever its collation.
pub fn sort_key(text: &str) -> String {
    let mut key = fold(text);
    key.truncate(key.floor_char_boundary(SORT_KEY_LENGTH));
    key
}

fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The words of a text in the form that the index keeps, in the order of their first use, each once.
pub fn search_terms(text: &str) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(|word| word.chars().take(TERM_LENGTH).collect::<String>())
        .filter(|word| seen.insert(word.clone()))
        .take(TERMS_PER_PRODUCT)
        .collect()
}

/// A text search: products that hold every word and a word that starts with the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words that a product must hold whole.
    pub words: Vec<String>,
    /// How one more of its words must start.
    pub prefix: String,
}

impl SearchQuery {
    /// Reads what a person typed: up to ten words of letters and digits, the last one possibly unfinished.
    ///
    /// # Errors
    /// `invalid_search`
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let mut words = search_terms(text.get(..1000).unwrap_or(text));
        let prefix = words.pop();
        match prefix {
            Some(prefix) if words.len() < WORDS_PER_QUERY && text.len() <= 1000 => Ok(Self { words, prefix }),
            _ => Err(Violation::new("invalid_search", format!("a search has 1 to {WORDS_PER_QUERY} words"))),
        }
    }

    /// The smallest text that is larger than every word with this prefix: the end of the index range.
    pub fn prefix_end(&self) -> String {
        format!("{}\u{10FFFF}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terms_are_folded_words_each_once() {
        assert_eq!(search_terms("Café CAFE crème-brûlée №5, ﬁn"), ["cafe", "creme", "brulee", "no5", "fin"]);
        assert_eq!(search_terms("白い 灯"), ["白い", "灯"]);
    }

    #[test]
    fn a_query_is_whole_words_and_one_prefix() {
        let query = SearchQuery::parse("  White hang").expect("a query");
        assert_eq!((query.words, query.prefix.as_str()), (vec!["white".to_owned()], "hang"));
        for text in ["", " !? ", "a b c d e f g h i j k l", &"x ".repeat(1000)] {
            assert_eq!(SearchQuery::parse(text).expect_err(text).code, "invalid_search");
        }
    }

    proptest! {
        #[test]
        fn any_product_is_found_by_its_own_words(text in "\\PC{1,60}") {
            for term in search_terms(&text) {
                let query = SearchQuery::parse(&term).expect("a term is a query");
                prop_assert_eq!(&query.prefix, &term);
                prop_assert!(term < query.prefix_end());
            }
        }

        #[test]
        fn any_text_can_be_searched_for(text in "\\PC{0,2000}") {
            let _ = SearchQuery::parse(&text);
        }
    }
}
