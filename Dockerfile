# driftcast in an image: built in the first stage, installed with the libraries it needs in the second.
#
#   docker build --tag driftcast .
#   docker run --rm driftcast run --help
#   docker run --volume driftcast:/var/lib/driftcast driftcast run --set kafka.brokers=HOST:9092 \
#     --set state.dir=/var/lib/driftcast --set http.listen=0.0.0.0:9464
#
# /etc/driftcast holds the shipped settings, examples of other events (--config), the schemas of what is published and the
# demo's model.

# The packages are those of ./dev, so that no list of them has to follow another.
FROM debian:12-slim AS build
WORKDIR /src
COPY . .
RUN ./dev build && strip build/release/driftcast

# The libraries as ldd lists them, and the authorities that a broker's certificate may be signed by.
FROM debian:12-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates libfmt9 libjemalloc2 libprometheus-cpp-core1.0 \
    librdkafka1 librocksdb7.8 libsimdjson14 libspdlog1.10 libstdc++6 libtbb12 zlib1g \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --user-group --home-dir /var/lib/driftcast --shell /usr/sbin/nologin driftcast \
  && install --directory --owner driftcast --group driftcast /var/lib/driftcast
COPY config/driftcast.json /etc/driftcast/
COPY config/examples /etc/driftcast/examples
COPY config/schemas /etc/driftcast/schemas
COPY config/models /etc/driftcast/models
COPY --from=build /src/build/release/driftcast /usr/local/bin/

# A number, for who asks whether it is root's. Bytes above ASCII may be shown.
USER 10001:10001
ENV LANG=C.UTF-8
WORKDIR /var/lib/driftcast
VOLUME /var/lib/driftcast
EXPOSE 9464

# Healthy: the job processes its input. Bash asks, for there is no curl. Commands that serve nothing have to do without
# (--no-healthcheck).
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9464 && \
  printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]

# As process 1, which is sent SIGTERM: it drains, for 20 seconds at most, and exits 0. Give it more than Docker's 10:
# --stop-timeout 30.
ENTRYPOINT ["driftcast"]
CMD ["--help"]
