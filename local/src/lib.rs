//! The whole of Souk in one process.
