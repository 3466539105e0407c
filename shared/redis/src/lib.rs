//! Cache and event streams on Redis.
