//! Reads the files that an import takes, row by row: a bad row is told with its line and the others go on.

use serde::Deserialize;
use souk_domain::{CategoryName, CurrencyCode, Description, Grams, ImportRow, Money, ProductName, Sku, Violation};
use souk_lambda::ApiError;

/// A row of the file: what it asks for, or why it cannot be understood.
pub(crate) struct FileRow {
    /// Counted from 1, the header of a CSV file included.
    pub(crate) line: u64,
    pub(crate) row: Result<ImportRow, Violation>,
}

/// CSV with a header. Columns: `sku`, `name`, `category`, `price_minor`, `currency`, and, if you like, `description` and `weight_grams`,
/// which may be empty; others are left alone.
///
/// # Errors
/// 422 when a column is missing.
pub(crate) fn read_csv(bytes: &[u8]) -> Result<Vec<FileRow>, ApiError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let headers = reader.headers().map_err(|_| ApiError::invalid("invalid_request", "the header is no UTF-8"))?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    let required = |name: &str| {
        column(name).ok_or_else(|| ApiError::invalid("invalid_request", format!("the column {name} is missing")))
    };
    let columns = Columns {
        sku: required("sku")?,
        name: required("name")?,
        category: required("category")?,
        price_minor: required("price_minor")?,
        currency: required("currency")?,
        description: column("description"),
        weight_grams: column("weight_grams"),
    };
    let mut rows = Vec::new();
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(rows),
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                rows.push(FileRow { line, row: columns.row(&record) });
            }
            Err(error) => return Err(ApiError::invalid("invalid_request", error.to_string())),
        }
    }
}

struct Columns {
    sku: usize,
    name: usize,
    category: usize,
    price_minor: usize,
    currency: usize,
    description: Option<usize>,
    weight_grams: Option<usize>,
}

impl Columns {
    fn row(&self, record: &csv::ByteRecord) -> Result<ImportRow, Violation> {
        let field = |column: usize| std::str::from_utf8(record.get(column).unwrap_or_default()).unwrap_or("\u{0}");
        let amount = field(self.price_minor).trim().parse::<i64>();
        let amount = amount.map_err(|_| Violation::new("invalid_money", "price_minor is a whole number"))?;
        Ok(ImportRow {
            sku: Sku::parse(field(self.sku))?,
            name: ProductName::parse(field(self.name))?,
            description: self.description.map(|column| Description::parse(field(column))).transpose()?,
            category: CategoryName::parse(field(self.category))?,
            price: Money::new(amount, CurrencyCode::parse(field(self.currency))?)?,
            weight_grams: self.weight_grams.map(field).filter(|text| !text.trim().is_empty()).map(grams).transpose()?,
        })
    }
}

fn grams(text: &str) -> Result<Grams, Violation> {
    let grams = text.trim().parse::<i64>();
    grams.map_err(|_| Violation::new("invalid_quantity", "weight_grams is a whole number"))?.try_into()
}

/// A product in one line of JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JsonRow {
    sku: Sku,
    name: ProductName,
    #[serde(default)]
    description: Option<Description>,
    category: CategoryName,
    price: Money,
    #[serde(default)]
    weight_grams: Option<Grams>,
}

/// One JSON object a line; empty lines are skipped.
pub(crate) fn read_ndjson(bytes: &[u8]) -> Vec<FileRow> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(1_u64..);
    let filled = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    filled.map(|(json, line)| FileRow { line, row: json_row(json) }).collect()
}

fn json_row(json: &[u8]) -> Result<ImportRow, Violation> {
    let JsonRow { sku, name, description, category, price, weight_grams } =
        serde_json::from_slice(json).map_err(|error| {
            let text = error.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
            // What is no object of this shape has no value to blame; the name stands for the row.
            Violation::from_text(text).unwrap_or_else(|| Violation::new("invalid_name", text))
        })?;
    Ok(ImportRow { sku, name, description, category, price, weight_grams })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(rows: Vec<FileRow>) -> Vec<(u64, &'static str)> {
        rows.into_iter().map(|row| (row.line, row.row.map_or_else(|violation| violation.code, |_| "good"))).collect()
    }

    #[test]
    fn csv_rows_stand_for_themselves_and_know_their_lines() {
        let file = "sku,name,category,price_minor,currency,first_sold\n\
            A1,Lamp,Lighting,100,GBP,2011-01-01\n\
            A2,\"Two\nlines\",Lighting,100,GBP,\n\
            ,Lamp,Lighting,100,GBP,\n\
            A3,Lamp,Lighting,1.5,GBP,\n\
            A4,Lamp,Lighting,100,XXY,\n\
            A5,Lamp\n\
            A6,\"Lamp, \"\"big\"\"\",Lighting,-1,GBP,\n\
            A7,Lampe é,Lighting,1,GBP,\n";
        let rows = read_csv(file.as_bytes()).expect("a file");
        assert_eq!(
            outcomes(rows),
            [
                (2, "good"),
                (3, "invalid_name"),
                (5, "invalid_sku"),
                (6, "invalid_money"),
                (7, "invalid_currency"),
                (8, "invalid_money"),
                (9, "invalid_money"),
                (10, "good")
            ]
        );
    }

    #[test]
    fn a_weight_may_be_left_out_and_must_be_one() {
        let file = "weight_grams,sku,name,category,price_minor,currency\n\
            250,A1,Lamp,Lighting,100,GBP\n ,A2,Lamp,Lighting,100,GBP\n0,A3,Lamp,Lighting,100,GBP\n\
            light,A4,Lamp,Lighting,100,GBP\n-1,A5,Lamp,Lighting,100,GBP\n";
        let rows = read_csv(file.as_bytes()).expect("a file").into_iter();
        let weights: Vec<_> =
            rows.map(|row| row.row.map(|row| row.weight_grams.map(i64::from)).map_err(|v| v.code)).collect();
        let refused = Err("invalid_quantity");
        assert_eq!(weights, [Ok(Some(250)), Ok(None), Ok(Some(0)), refused, refused]);
    }

    #[test]
    fn a_csv_file_needs_its_columns() {
        for file in ["", "sku,name\nA,B\n", "\u{FEFF}nonsense"] {
            assert!(read_csv(file.as_bytes()).is_err(), "{file}");
        }
    }

    #[test]
    fn json_rows_stand_for_themselves_and_know_their_lines() {
        let file = concat!(
            r#"{"sku":"A1","name":"Lamp","category":"Lighting","price":{"amountMinor":1,"currency":"GBP"}}"#,
            "\n\nnonsense\n",
            r#"{"sku":"A2","name":"Lamp","category":"Lighting","price":{"amountMinor":1,"currency":"GBP"},"weightGrams":-1}"#,
            "\n",
            r#"{"sku":"?","name":"Lamp","category":"Lighting","price":{"amountMinor":1,"currency":"GBP"}}"#,
        );
        assert_eq!(
            outcomes(read_ndjson(file.as_bytes())),
            [(1, "good"), (3, "invalid_name"), (4, "invalid_quantity"), (5, "invalid_sku")]
        );
    }
}
