//! How a function says what its route is.

/// The router of a function with one handler: method and path out of the handler's `#[utoipa::path]`, and its description.
#[cfg(feature = "openapi")]
#[macro_export]
macro_rules! router {
    ($handler:ident) => {
        ::utoipa_axum::router::OpenApiRouter::new().routes(::utoipa_axum::routes!($handler))
    };
}

/// The router of a function with one handler: method and path out of the handler's `#[utoipa::path]`. Nobody asks a function on Lambda
/// for its description, so it is neither made nor linked: an empty one takes 114 kB, more than the rest of a start.
#[cfg(not(feature = "openapi"))]
#[macro_export]
macro_rules! router {
    ($handler:ident) => {
        ::utoipa_axum::paste! {{
            use ::utoipa::Path as _;
            use ::utoipa_axum::PathItemExt as _;
            let on = |router: ::axum::routing::MethodRouter<_>, method: &::utoipa::openapi::HttpMethod| {
                router.on(method.to_method_filter(), $handler)
            };
            let methods = [<__path_ $handler>]::methods().iter().fold(::axum::routing::MethodRouter::new(), on);
            ::utoipa_axum::router::OpenApiRouter::from(::axum::Router::new().route(&[<__path_ $handler>]::path(), methods))
        }}
    };
}
