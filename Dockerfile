# One image a connector: docker build --build-arg CONNECTOR_NAME=source-rdstation-crm .
#
# Airbyte's base for Python connectors brings Python, CA certificates and the user `airbyte`; each metadata.yaml names the
# same one. What is installed is what requirements/ says, to the byte. No step needs BuildKit.
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.0.0@sha256:d9894b6895923b379f3006fa251147806919c62b7d9021b5cd125bb67d7bbe22

FROM ${BASE_IMAGE} AS builder
WORKDIR /build
# An environment of its own: it is copied whole, and nothing else comes along. pip stays outside of it.
RUN python -m venv --without-pip /opt/connector && python -m venv /opt/tools
COPY requirements/ requirements/
RUN /opt/tools/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements/build.txt \
 && /opt/tools/bin/pip --python /opt/connector/bin/python install --no-cache-dir --no-deps --require-hashes \
    -r requirements/runtime.txt \
 && rm -rf /opt/connector/lib/python3.*/site-packages/pandas/tests  # 39 MB that nothing imports
COPY . .
ARG REPOSITORY_URL=
RUN /opt/tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /build/dist . \
 && /opt/tools/bin/pip --python /opt/connector/bin/python install --no-cache-dir --no-index --no-deps /build/dist/*.whl

FROM ${BASE_IMAGE}
ARG CONNECTOR_NAME
ARG CONNECTOR_VERSION=0.1.0
COPY --from=builder /opt/connector /opt/connector
# One path for all connectors: an ENTRYPOINT in exec form knows no variables, and one with a shell would swallow signals.
RUN ln -s "/opt/connector/bin/${CONNECTOR_NAME:?name a connector: --build-arg CONNECTOR_NAME=source-rdstation-crm}" \
    /entrypoint && test -x /entrypoint
WORKDIR /airbyte/integration_code
USER airbyte
LABEL io.airbyte.name=airbyte/${CONNECTOR_NAME} io.airbyte.version=${CONNECTOR_VERSION}
ENV AIRBYTE_ENTRYPOINT=/entrypoint
ENTRYPOINT ["/entrypoint"]
