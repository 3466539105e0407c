//! Functions of the orders context.
