//! Picks the adapters that the environment variables name.
