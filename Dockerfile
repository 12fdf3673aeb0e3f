# The interpreter of both stages; an update is an edit of this line.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/codehost
WORKDIR /src
# The locked dependencies change seldom: they are a layer of their own.
COPY requirements.lock ./
RUN /opt/codehost/bin/python -m pip install --quiet --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY schema schema
COPY migrations migrations
COPY codehost codehost
RUN /opt/codehost/bin/python -m pip install --quiet --no-deps --no-build-isolation .

FROM ${PYTHON}
# git serves, reads and verifies repositories.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 codehost \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin codehost \
    # A fresh volume takes the owner of the folder that it is mounted on.
    && install --directory --owner codehost --group codehost --mode 0750 /data
COPY --from=build /opt/codehost /opt/codehost
COPY --chmod=0555 docker/entrypoint.sh /usr/local/bin/codehost-entrypoint
ENV PATH=/opt/codehost/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CODEHOST_DATA_DIR=/data
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["codehost-entrypoint"]
CMD ["--help"]
