# The control plane: Next.js UI, API, tunnel and relay in one Node process. Build from the repository's folder:
#   docker build -f docker/web.Dockerfile -t sluice-web .
ARG NODE_VERSION=20
FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /sluice
COPY . .
RUN npm_config_loglevel=warn npx -y pnpm@10.34.9 install --frozen-lockfile
RUN node scripts/build.mjs "prisma client" "control plane" "control plane server"

FROM node:${NODE_VERSION}-bookworm-slim
WORKDIR /sluice
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1
COPY --from=build --chown=node:node /sluice /sluice
USER node
# Migrations run before the server: they take an advisory lock, so several nodes may start at once.
CMD ["sh", "-c", "node scripts/prisma.mjs migrate deploy && exec node apps/web/dist/server.mjs"]
