//! Connection table, push and invocation on AWS.
