//! Clients of a running shop: one that plays invoices, one that measures; and one that starts functions and measures them.

pub mod bench;
pub mod client;
pub mod cold;
pub mod replay;
pub mod report;
pub mod souk;
