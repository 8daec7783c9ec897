# Tollgate in a small image:  docker build -t tollgate .   &&   docker run -p 8080:8080 tollgate
#
# Runs `tollgate serve` on an embedded store in /data unless told otherwise; docker-compose.yml runs servers and
# gateways of it. TOLLGATE_* variables set every flag.

FROM debian:bookworm AS build
WORKDIR /src
COPY packages.txt .
RUN apt-get update \
    && awk '/^\[/ { wanted = ($0 == "[build]"); next } wanted && NF && !/^#/' packages.txt \
       | xargs apt-get install -y --no-install-recommends
COPY . .
RUN cmake --preset release && cmake --build build/release --target tollgate && strip build/release/bin/tollgate

FROM debian:bookworm-slim
# The libraries that tollgate is linked to; what they need comes with them, save the roots by which a MongoDB behind TLS
# (mongodb+srv://, tls=true) is trusted.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
       ca-certificates libcurl4 libgrpc29 libh2o-evloop0.13 libmongoc-1.0-0 libprotobuf-c1 libsqlite3-0 libssl3 \
       libyaml-0-2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /data tollgate
COPY --from=build /src/build/release/bin/tollgate /usr/local/bin/tollgate
COPY docker/health /usr/local/bin/health
USER 10001
WORKDIR /data
VOLUME /data
# Inside a container loopback is of no use.
ENV TOLLGATE_LISTEN=0.0.0.0:8080 TOLLGATE_GRPC=0.0.0.0:50051
EXPOSE 8080 50051
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["health", "http"]
ENTRYPOINT ["tollgate"]
CMD ["serve"]
