//! Clients of a running shop: one that plays invoices, one that measures.

pub mod bench;
pub mod client;
pub mod replay;
pub mod report;
