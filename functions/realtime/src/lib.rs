//! Functions of the realtime context.
