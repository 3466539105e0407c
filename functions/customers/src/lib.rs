//! Functions of the customers context.
