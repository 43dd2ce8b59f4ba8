# Portvakt in a container. How to run it, and what of this file was proven: docs/deployment.md

# The current LTS of Node (26 since 2026-10-28, looked after until 2029-04) on Debian 13. The code itself runs on 20.19 and later.
ARG NODE_IMAGE=node:26-trixie-slim

FROM ${NODE_IMAGE} AS sources
WORKDIR /opt/portvakt
# .npmrc: no package's install script is run. Of those that have one only mediasoup would miss it: it downloads its worker there.
COPY package.json package-lock.json .npmrc ./

FROM sources AS compiled
RUN npm ci --include=dev
COPY tsconfig.json tsconfig.web.json vite.config.ts ./
COPY scripts/bootstrap scripts/bootstrap
COPY src src
RUN node --input-type=module --eval "import { compile, page, service } from './scripts/bootstrap/compile.mjs'; await compile(service); await compile(page);"

FROM sources AS packages
RUN npm ci --omit=dev

FROM ${NODE_IMAGE} AS runtime
LABEL org.opencontainers.image.title="Portvakt" \
      org.opencontainers.image.description="A national video-meeting gatekeeper: one numbering plan, every call encrypted" \
      org.opencontainers.image.licenses="Apache-2.0"
# A fixed id, so that whoever prepares a volume or reads a file from it knows whose it is. npm is of no use from here on, and what is not
# there needs no security updates.
RUN groupadd --gid 10001 portvakt \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/portvakt --shell /usr/sbin/nologin portvakt \
 && mkdir -p /var/lib/portvakt /etc/portvakt \
 && chown portvakt:portvakt /var/lib/portvakt \
 && chmod 0750 /var/lib/portvakt \
 && rm -rf /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx \
 && ln -s /opt/portvakt/dist/main.js /usr/local/bin/portvakt
WORKDIR /opt/portvakt
COPY package.json ./
COPY --from=packages /opt/portvakt/node_modules node_modules
COPY --from=compiled --chmod=0755 /opt/portvakt/dist dist
ENV NODE_ENV=production \
    PORTVAKT_CONFIG=/etc/portvakt/portvakt.yaml
# By number: who forbids root to containers (runAsNonRoot) cannot look names up.
USER 10001:10001
# Call records, their journal, and the TLS certificate that the service makes where it is given none. Nothing else is ever written: the root
# file system may be read-only.
VOLUME /var/lib/portvakt
# SIP, SIP over TLS, RAS, H.225 call signalling (1300 over TLS), HTTP.
EXPOSE 5060/udp 5060/tcp 5061/tcp 1719/udp 1720/tcp 1300/tcp 8080/tcp
STOPSIGNAL SIGTERM
# Alive, not ready: an instance that goes on alone while Redis is away must not be taken for a dead one.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["portvakt", "health"]
ENTRYPOINT ["portvakt"]
CMD ["serve"]
