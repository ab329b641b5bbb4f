// `node --import @dailydoco/telemetry/register dist/main.js`: serves a kong.yml on a machine without Kong.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Lifecycle } from '@dailydoco/lifecycle';
import { createLogger, renderPrometheus, shutdownTelemetry } from '@dailydoco/telemetry';
import { readConfig } from './config.js';
import { countingRedis } from './counting-redis.js';
import { createGateway } from './gateway.js';
import { readKong } from './read-kong.js';

const DRAIN_TIMEOUT_MS = 10_000;

const config = readConfig();
const logger = createLogger({ service: 'gateway', level: config.LOG_LEVEL });
const lifecycle = new Lifecycle({
  logger,
  notReadyDelayMs: config.SHUTDOWN_DELAY_MS,
  drainTimeoutMs: DRAIN_TIMEOUT_MS,
});
const redis = countingRedis(config.REDIS_URL, logger);
const kong = readKong(readFileSync(config.GATEWAY_CONFIG, 'utf8'));
const app = await createGateway({ kong, upstreams: config.GATEWAY_UPSTREAMS, redis, logger, lifecycle });

lifecycle.onStart('redis', () => redis.connect().catch(() => undefined));
lifecycle.onStart('http', async () => {
  await app.listen({ port: config.GATEWAY_PORT, host: config.GATEWAY_HOST });
});
const { GATEWAY_STATUS_PORT: statusPort } = config;
if (statusPort !== undefined) {
  const status = createServer((_request, response) => {
    renderPrometheus().then(
      (text) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text),
      () => response.writeHead(500).end(),
    );
  });
  lifecycle.onStart('status', async () => {
    status.listen(statusPort, config.GATEWAY_HOST);
  });
  lifecycle.onStop('stores', 'status', async () => {
    status.close();
  });
}
lifecycle.onStop('drain', 'http', () => app.close());
lifecycle.onStop('stores', 'redis', async () => redis.disconnect());
lifecycle.onStop('stores', 'telemetry', () => shutdownTelemetry());
lifecycle.installSignalHandlers();
await lifecycle.start();
logger.info({ address: app.listeningOrigin }, 'the gateway is open');
