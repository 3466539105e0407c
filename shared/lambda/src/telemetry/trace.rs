//! Spans as OpenTelemetry traces. A wish is one trace: its id is made of the correlation id, which events and messages carry, so what a
//! consumer does minutes later belongs to the trace of the request, without anything else being carried.

use crate::RequestContext;
use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt, TraceId, TracerProvider};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider};
use sha2::{Digest, Sha256};
use std::fmt::Display;
use std::sync::OnceLock;
use tokio::runtime::Handle;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Where a collector takes traces: a standard variable, as the others that begin with `OTEL_`.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Most bytes of a collector's answer that are read.
const ANSWER: usize = 64 * 1024;

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that sends Souk's spans to the collector, when there is one.
pub(super) fn layer<S>() -> Option<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let endpoint = std::env::var(ENDPOINT).ok().filter(|endpoint| !endpoint.is_empty())?;
    if !endpoint.starts_with("http://") {
        eprintln!(
            "{ENDPOINT} must be http://…: a collector beside the function, which takes traces without TLS; none are sent"
        );
        return None;
    }
    match provider() {
        Ok(provider) => {
            let tracer = provider.tracer("souk");
            let spans = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
            // What the parts do is told in spans that no log line needs; of calls to AWS its SDK tells.
            let told = Targets::new().with_targets([("souk", Level::DEBUG), ("aws_sdk", Level::DEBUG)]);
            let layer = spans.with_tracked_inactivity(false).with_filter(told).boxed();
            drop(PROVIDER.set(provider));
            Some(layer)
        }
        Err(error) => {
            eprintln!("no traces are sent: {error}");
            None
        }
    }
}

fn provider() -> Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError> {
    let sender = Sender { client: Client::builder(TokioExecutor::new()).build_http(), runtime: Handle::current() };
    let exporter = SpanExporter::builder().with_http().with_http_client(sender).build()?;
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME");
        resource = resource.with_service_name(function.unwrap_or_else(|_| "souk".to_owned()));
    }
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_id_generator(WishIds::default())
        .with_resource(resource.build())
        .build())
}

pub(super) async fn flush() {
    let Some(provider) = PROVIDER.get() else { return };
    // It blocks until the collector has answered, and this runtime has to carry the request meanwhile.
    let flushed = tokio::task::spawn_blocking(|| provider.force_flush()).await;
    if let Ok(Err(error)) = flushed {
        tracing::warn!(%error, "spans were not taken by the collector");
    }
}

/// Carries spans to the collector. The exporter has a thread of its own, without a runtime.
#[derive(Debug)]
struct Sender {
    client: Client<HttpConnector, Full<Bytes>>,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let sent = self.client.request(request.map(Full::new));
        let exchange = self.runtime.spawn(async move {
            let (head, body) = sent.await?.into_parts();
            let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
            Ok(http::Response::from_parts(head, body))
        });
        exchange.await?
    }
}

/// Gives each span that has no parent the trace of the present wish.
#[derive(Debug, Default)]
struct WishIds(RandomIdGenerator);

impl IdGenerator for WishIds {
    fn new_trace_id(&self) -> TraceId {
        RequestContext::present().map_or_else(|| self.0.new_trace_id(), |context| trace_of(&context.correlation_id))
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// The trace of a wish: its correlation id when that is a trace id, else the first half of its SHA-256. (A UUID as it is would be taken
/// for one, but samplers count on random bits in places where a UUID has none.)
fn trace_of(correlation_id: &str) -> TraceId {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let as_it_is = (correlation_id.len() == 32 && correlation_id.bytes().all(is_hex))
        .then(|| TraceId::from_hex(correlation_id).ok())
        .flatten();
    as_it_is.filter(|id| *id != TraceId::INVALID).unwrap_or_else(|| {
        let mut half = [0; 16];
        let digest = Sha256::digest(correlation_id);
        half.copy_from_slice(&digest[..16]);
        TraceId::from_bytes(half)
    })
}

/// The span that a client's `traceparent` (W3C Trace Context) says it is in.
pub(crate) fn continues(headers: &HeaderMap) -> Option<SpanContext> {
    let carried = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    let parent = carried.span().span_context().clone();
    parent.is_valid().then_some(parent)
}

/// Says what a span is called in its trace, and what it is: `server` or `consumer`. Its fields `otel.name` and `otel.kind` are empty until
/// then: log lines do without.
pub fn describe_span(span: &Span, name: &dyn Display, kind: &str) {
    if PROVIDER.get().is_some() {
        span.record("otel.name", tracing::field::display(name)).record("otel.kind", kind);
    }
}

/// The client's span is the parent of this one when both are of one trace; else they are linked.
pub(crate) fn link_to(span: &Span, parent: SpanContext, correlation_id: &str) {
    if parent.trace_id() == trace_of(correlation_id) {
        // Refused only by a span that has begun.
        drop(span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent)));
    } else {
        span.add_link(parent);
    }
}

/// Links a span to another one that has begun.
pub(crate) fn link(span: &Span, other: &Span) {
    if PROVIDER.get().is_some() {
        span.add_link(other.context().span().span_context().clone());
    }
}

/// Marks a span as one that failed.
pub(crate) fn fail(span: &Span, why: &str) {
    span.set_status(Status::error(why.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_taken_as_it_is_and_anything_else_becomes_one() {
        let given = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_of(given).to_string(), given);
        let of_uuid = trace_of("01a2163a-121b-749e-b2ba-c2c06a83c866");
        assert_eq!(of_uuid, trace_of("01a2163a-121b-749e-b2ba-c2c06a83c866"));
        assert_ne!(of_uuid, trace_of("01a2163a-121b-749e-b2ba-c2c06a83c867"));
        for odd in
            ["", "0000000000000000000000000000", "00000000000000000000000000000000", "4BF92F3577B34DA6A3CE929D0E0E4736"]
        {
            assert_ne!(trace_of(odd), TraceId::INVALID, "{odd}");
        }
    }

    #[test]
    fn only_a_whole_traceparent_is_continued() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", value.parse().expect("a header"));
            continues(&headers).map(|parent| parent.trace_id().to_string())
        };
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(with(given).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        for wrong in ["", "00", "00-0-0-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
            assert_eq!(with(wrong), None, "{wrong}");
        }
        assert_eq!(continues(&HeaderMap::new()), None);
    }
}
