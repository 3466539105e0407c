//! Functions of the platform context.
