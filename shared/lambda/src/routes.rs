//! How a function says what its route is.

/// The route of a handler, for [`OpenApiRouter::routes`](utoipa_axum::router::OpenApiRouter::routes): method and path out of its
/// `#[utoipa::path]`, and its description.
#[cfg(feature = "openapi")]
#[macro_export]
macro_rules! routes {
    ($handler:ident) => {
        ::utoipa_axum::routes!($handler)
    };
}

/// The route of a handler, for [`OpenApiRouter::routes`](utoipa_axum::router::OpenApiRouter::routes): method and path out of its
/// `#[utoipa::path]`. Nobody asks a function on Lambda for its description, so it is neither made nor linked.
#[cfg(not(feature = "openapi"))]
#[macro_export]
macro_rules! routes {
    ($handler:ident) => {
        ::utoipa_axum::paste! {{
            use ::utoipa::Path as _;
            use ::utoipa_axum::PathItemExt as _;
            let (path, methods) = ([<__path_ $handler>]::path(), [<__path_ $handler>]::methods());
            let on = |router: ::axum::routing::MethodRouter<_>, method: &::utoipa::openapi::HttpMethod| {
                router.on(method.to_method_filter(), $handler)
            };
            let router = methods.iter().fold(::axum::routing::MethodRouter::new(), on);
            let mut paths = ::utoipa::openapi::path::Paths::new();
            paths.add_path_operation(&path, methods, ::utoipa::openapi::path::Operation::new());
            (::std::vec::Vec::new(), paths, router)
        }}
    };
}
