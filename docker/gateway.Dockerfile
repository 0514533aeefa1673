# The gateway: one file beside Node, nothing else. Build from the repository's folder:
#   docker build -f docker/gateway.Dockerfile -t sluice-gateway .
ARG NODE_VERSION=20
FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /sluice
COPY . .
RUN npm_config_loglevel=warn npx -y pnpm@10.34.9 install --frozen-lockfile
RUN node scripts/build.mjs gateway

FROM node:${NODE_VERSION}-bookworm-slim
ENV NODE_ENV=production SLUICE_GATEWAY_DATA=/var/lib/sluice
RUN mkdir -p /var/lib/sluice && chown node:node /var/lib/sluice && chmod 0700 /var/lib/sluice
COPY --from=build /sluice/apps/gateway/dist/gateway.cjs /opt/sluice/gateway.cjs
USER node
VOLUME /var/lib/sluice
CMD ["node", "/opt/sluice/gateway.cjs", "run"]
