# One image for the api (the default), the worker (node apps/worker/src/main.ts) and the command line (npm run token).

FROM node:24-slim AS manifests
WORKDIR /app
# Only what npm reads, so that the packages are installed anew when a package.json changes and not when a source does.
RUN --mount=type=bind,target=/source \
    cd /source && cp --parents package.json package-lock.json packages/*/package.json apps/*/package.json /app

FROM node:24-slim AS dependencies
WORKDIR /app
COPY --from=manifests /app ./
# What runs in production and nothing else: no tools, and no PostgreSQL of our own, which is optional. The testkit is a
# workspace, and npm counts what a workspace depends on as production, whoever uses that workspace: so its is dropped.
RUN --mount=type=cache,target=/root/.npm \
    npm pkg delete dependencies --workspace=packages/testkit \
 && npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error \
 && rm -r packages/testkit node_modules/@magictask/testkit

FROM node:24-slim AS sources
WORKDIR /app
COPY . ./
RUN rm -r packages/testkit

FROM node:24-slim
WORKDIR /app
# The launcher runs this image's node and installs nothing. npm prints nothing of its own, so that what
# `npm run token` prints is the token; and it writes nowhere but to /tmp, the one place that can be written to.
ENV NODE_ENV=production \
    MAGICTASK_IMAGE=1 \
    npm_config_cache=/tmp/.npm \
    npm_config_loglevel=silent \
    npm_config_update_notifier=false
COPY --from=dependencies /app ./
COPY --from=sources /app ./
# node's own user, by number: Kubernetes can tell from that alone that it is not root.
USER 1000:1000
EXPOSE 8080
# Live, not ready: who starts unhealthy containers anew must not do so because a database is away. There is no curl.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.LLM_PORT || 8080}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/api/src/main.ts"]
