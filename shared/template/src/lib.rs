//! Reads template.yaml, the catalogue of functions.
