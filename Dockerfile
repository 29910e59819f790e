# Dropdock in a container: docker build -t dropdock . && docker run -p 8080:8080 -v dropdock:/data dropdock
#
# BASE is a Debian 12 (or newer) with apt. EXTRAS="generators" adds what builds from source need: Node, Hugo, bubblewrap.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS packages
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 python3-venv
COPY requirements.txt /tmp/
# pip's own version check and cache would only add to the layer; every package has to match its hash in the lock.
RUN python3 -m venv --without-pip /opt/dropdock \
    && python3 -m venv /tmp/installer \
    && /tmp/installer/bin/pip --python /opt/dropdock/bin/python install --quiet --no-cache-dir \
        --disable-pip-version-check --require-hashes -r /tmp/requirements.txt
COPY appliance/ /opt/dropdock/app/appliance/
COPY builds/ /opt/dropdock/app/builds/
COPY admin_ui/ /opt/dropdock/app/admin_ui/
COPY main.py CHANGELOG.md LICENSE THIRD_PARTY.md /opt/dropdock/app/
# Compiled once, here: the root file system may be read-only where it runs.
RUN /opt/dropdock/bin/python -m compileall -q /opt/dropdock \
    && printf '#!/bin/sh\nexec /opt/dropdock/bin/python /opt/dropdock/app/main.py "$@"\n' > /opt/dropdock/bin/dropdock \
    && chmod 755 /opt/dropdock/bin/dropdock

FROM ${BASE}
ARG EXTRAS=""
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 ca-certificates \
        $(if [ "${EXTRAS}" = generators ]; then echo bubblewrap git hugo nodejs npm python3-venv; fi) \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
    && groupadd --system --gid 10001 dropdock \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin dropdock \
    && install -d -o dropdock -g dropdock -m 0700 /data
COPY --from=packages /opt/dropdock /opt/dropdock
# listen_without_account: whoever can read this container's log finds the set-up link there; otherwise nobody could make
# the first account.
ENV PATH=/opt/dropdock/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DROPDOCK_DATA=/data \
    DROPDOCK_LISTEN=0.0.0.0:8080 \
    DROPDOCK_LISTEN_WITHOUT_ACCOUNT=true
USER dropdock
WORKDIR /data
VOLUME /data
EXPOSE 8080 8443
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["dropdock", "health"]
# The program is process 1: it takes SIGTERM itself, and lets uploads and deploys under way come to an end first.
STOPSIGNAL SIGTERM
ENTRYPOINT ["dropdock"]
CMD ["serve"]
