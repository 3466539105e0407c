//! What every function stands on: extractors, replies, errors, serving.
