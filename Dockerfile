# One image for every part: `node dist/<api|worker|gateway>/main.js`. The workflow code is bundled here,
# so that a worker is ready in seconds and every worker of a release runs the same bytes.
FROM node:24.11.1-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY src src
COPY scripts/build.mjs scripts/build.mjs
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.11.1-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY scripts/health.mjs scripts/health.mjs
RUN mkdir /data && chown node:node /data
ENV DATA_DIR=/data
USER node
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "scripts/health.mjs", "http://127.0.0.1:3000/healthz"]
CMD ["node", "dist/api/main.js"]
