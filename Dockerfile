# One recipe for all of the fleet; the build argument says which service:
#   docker build --build-arg SERVICE=payouts --tag dailydoco/payouts .
#   docker build --build-arg SERVICE=gateway --build-arg FOLDER=infra/gateway --tag dailydoco/gateway .
# `npm run images` builds all seven; the build stage is the same for each, so it runs once. Plain instructions only: BuildKit,
# the older builder, podman and buildah all take it. Both bases are arguments, so that a site pins them by digest or names its
# own copies (infra/images/README.md).
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
ARG RUN_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUN_IMAGE} AS runtime

FROM ${BUILD_IMAGE} AS build
# Everything inside the image bears this time, so that the same checkout gives the same files.
ARG SOURCE_DATE_EPOCH=315532800
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} NX_NO_CLOUD=true NX_DAEMON=false
WORKDIR /src
COPY . .
# Not `npm ci`: it refuses a lock that lacks other platforms' optional packages. `--no-save` takes the lock as it is. No package's
# install script runs.
RUN npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
RUN node_modules/.bin/nx run-many --target=build --output-style=static --projects=@dailydoco/identity,@dailydoco/viral-engine,@dailydoco/payouts,@dailydoco/analytics,@dailydoco/website-builder,@dailydoco/ai-gateway,@dailydoco/gateway,@dailydoco/images
COPY --from=runtime /var/lib/dpkg/status.d /runtime/var/lib/dpkg/status.d
COPY --from=runtime /usr/share/doc /runtime/usr/share/doc
RUN node infra/images/dist/assemble.js --out /out --runtime-root /runtime

FROM runtime
ARG SERVICE
ARG FOLDER=services/${SERVICE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /out/${SERVICE}/app /app
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    NODE_ENV=production \
    HTTP_HOST=0.0.0.0 \
    GRPC_HOST=0.0.0.0 \
    GATEWAY_HOST=0.0.0.0
WORKDIR /app/${FOLDER}
USER 65532:65532
EXPOSE 8000 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["node", "/app/healthcheck.mjs"]
ENTRYPOINT ["node", "--enable-source-maps", "--no-allocation-site-pretenuring", "--import", "@dailydoco/telemetry/register"]
CMD ["dist/main.js"]
