# The wheel and what it needs are put together in the first stage; the second holds only Python and the result.
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/bosslet
COPY requirements.lock /src/
RUN /opt/bosslet/bin/pip install --no-cache-dir --requirement /src/requirements.lock
COPY pyproject.toml README.md LICENSE /src/
COPY bosslet /src/bosslet
RUN /opt/bosslet/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /dist /src \
 && /opt/bosslet/bin/pip install --no-cache-dir --no-deps /dist/*.whl \
 && /opt/bosslet/bin/pip uninstall --yes pip setuptools

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --no-create-home --home-dir /uploads --shell /usr/sbin/nologin bosslet \
 && install -d -o bosslet -g bosslet -m 700 /uploads
COPY --from=build /opt/bosslet /opt/bosslet
ENV PATH=/opt/bosslet/bin:$PATH BOSSLET_HOST=0.0.0.0 BOSSLET_PORT=5000 BOSSLET_UPLOADS_PATH=/uploads
USER bosslet
VOLUME /uploads
EXPOSE 5000
HEALTHCHECK --start-period=20s CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['BOSSLET_PORT'] + '/ping/', timeout=5)"]
ENTRYPOINT ["bosslet"]
# Everybody who reaches the port can use it, so tokens decide unless the one who starts the container says otherwise.
CMD ["serve", "/uploads", "--auth", "token"]
