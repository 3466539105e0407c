//! `POST /api/v1/products/import`: makes and updates thousands of products from a file. For staff.

use crate::Catalog;
use crate::import_file::{FileRow, read_csv, read_ndjson};
use axum::extract::State;
use serde::Serialize;
use souk_domain::ImportOutcome;
use souk_domain::ports::Products;
use souk_lambda::{
    Announcer, ApiError, CommandFailures, CommandHeaders, Envelope, ErrorItem, Failure, QueryFailures, Reply, Staff,
    StaffFailures, Upload, router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What became of a file.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// New products.
    #[schema(example = 1)]
    created: u64,
    /// Known products with other values.
    #[schema(example = 0)]
    updated: u64,
    /// Known products with the same values.
    #[schema(example = 0)]
    unchanged: u64,
    /// Rows that were left out.
    #[schema(example = 1)]
    failed: u64,
    /// Why each of those was left out.
    failures: Vec<RowFailure>,
}

/// Why a row was left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowFailure {
    /// Where in the file, counted from 1, the header included.
    #[schema(example = 3)]
    line: u64,
    /// What is wrong with it.
    error: ErrorItem,
}

impl ImportReport {
    fn fail(&mut self, line: u64, error: ApiError) {
        self.failed += 1;
        let items = error.errors().iter().cloned();
        self.failures.extend(items.take(1).map(|error| RowFailure { line, error }));
    }

    fn count(&mut self, line: u64, outcome: ImportOutcome) {
        match outcome {
            ImportOutcome::Created(_) => self.created += 1,
            ImportOutcome::Updated(_) => self.updated += 1,
            ImportOutcome::Unchanged(_) => self.unchanged += 1,
            ImportOutcome::Refused(error) => self.fail(line, error.into()),
        }
    }
}

/// Import products
///
/// A CSV file with the columns `sku`, `name`, `category`, `price_minor`, `currency` and, if you like, `description` and `weight_grams`; or
/// one JSON object a line with `sku`, `name`, `category`, `price`, `description` and `weightGrams`. The category is the name of one at the top
/// of the tree, made when it is missing. Known SKUs are updated. Good rows are kept whatever the others hold. Up to 4 MB.
#[utoipa::path(
    post,
    path = "/api/v1/products/import",
    tag = "catalog",
    security(("token" = [])),
    params(CommandHeaders),
    request_body(
        content(
            (String = "text/csv", example = "sku,name,category,price_minor,currency\n85123A,White heart,Lighting,295,GBP\n"),
            (String = "application/x-ndjson", example = "{\"sku\":\"85123A\",\"name\":\"White heart\",\"category\":\"Lighting\",\
                \"price\":{\"amountMinor\":295,\"currency\":\"GBP\"}}\n"),
        ),
    ),
    responses(
        (status = 200, description = "What became of the rows", body = Envelope<ImportReport>),
        (status = 422, description = "`invalid_request`: the first line of a CSV file lacks a column, or is no UTF-8", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn import_products(
    State(products): State<Arc<dyn Products>>,
    State(announcer): State<Announcer>,
    _: Staff,
    upload: Upload,
) -> Result<Reply<ImportReport>, ApiError> {
    let file = match upload.media_type.as_str() {
        "text/csv" => read_csv(&upload.bytes)?,
        "application/x-ndjson" => read_ndjson(&upload.bytes),
        _ => return Err(Upload::unsupported("text/csv or application/x-ndjson")),
    };
    let mut report = ImportReport::default();
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for FileRow { line, row } in file {
        match row {
            Ok(row) => {
                lines.push(line);
                rows.push(row);
            }
            Err(violation) => report.fail(line, violation.into()),
        }
    }
    let committed = products.import_products(rows, &upload.cause).await?;
    announcer.announce(&committed.events).await;
    for (line, outcome) in lines.into_iter().zip(committed.value) {
        report.count(line, outcome);
    }
    report.failures.sort_by_key(|failure| failure.line);
    Ok(Reply::ok(report))
}

/// The function.
pub fn router() -> OpenApiRouter<Catalog> {
    router!(import_products)
}
