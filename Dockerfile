# syntax=docker/dockerfile:1
# `souk`, the whole system in one program, for docker-compose.yml. On AWS nothing of this is used: `make package` makes zips.
FROM rust:1.95-bookworm AS build
WORKDIR /souk
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/souk/target \
    cargo build --release --locked -p souk-local --bin souk && cp target/release/souk /usr/local/bin/souk

FROM debian:bookworm-20251229-slim
# TLS to a mail server is checked against these.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home souk && install -d -o souk -m 700 /data
COPY --from=build /usr/local/bin/souk /usr/local/bin/souk
USER souk
VOLUME /data
EXPOSE 8080 8081 8082
ENTRYPOINT ["souk", "--listen", "0.0.0.0", "--data", "/data"]
