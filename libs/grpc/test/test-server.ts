import { apiKeySha256, Authenticator } from '@dailydoco/auth';
import type { ResolvedApiKey } from '@dailydoco/auth';
import { Lifecycle } from '@dailydoco/lifecycle';
import { createLogger } from '@dailydoco/telemetry';
import { NestFactory } from '@nestjs/core';
import { createGrpcClient, GrpcTransport } from '../src/index.js';
import type { GrpcClient, GrpcClientOptions, GrpcTransportOptions, ServiceDefinition } from '../src/index.js';
import { TEST_SERVICES, testModule } from './test-services.js';
import type { Behaviour } from './test-services.js';

export const TEST_SECRET = 'thirty-two bytes that only tests know!';
export const TENANT = '0198c0de-0000-7000-8000-000000000001';

export interface TestServer {
  readonly port: number;
  readonly address: string;
  readonly lifecycle: Lifecycle;
  /** What was logged, a line an entry, as JSON. */
  readonly logLines: string[];
  readonly stop: () => Promise<void>;
}

export interface TestServerOptions {
  readonly transport?: Partial<GrpcTransportOptions>;
  readonly apiKeys?: ReadonlyMap<string, ResolvedApiKey>;
  readonly notReadyDelayMs?: number;
}

const nothing = (): void => undefined;
const quiet = { info: nothing, warn: nothing, error: nothing };

/** A Nest microservice of the three test services on a real socket. */
export async function startTestServer(behaviour: Behaviour, options: TestServerOptions = {}): Promise<TestServer> {
  const logLines: string[] = [];
  const logger = createLogger({ service: 'test', destination: { write: (line) => void logLines.push(line) } });
  const { notReadyDelayMs = 0 } = options;
  const lifecycle = new Lifecycle({ logger: quiet, notReadyDelayMs, drainTimeoutMs: 20_000 });
  const transport = new GrpcTransport({
    host: '127.0.0.1',
    port: 0,
    services: TEST_SERVICES,
    authenticator: testAuthenticator(options.apiKeys),
    lifecycle,
    logger,
    ...options.transport,
  });
  const app = await NestFactory.createMicroservice(testModule(behaviour), { strategy: transport, logger: false });
  await app.listen();
  await lifecycle.start();
  const port = transport.boundPort;
  return { port, address: `127.0.0.1:${port}`, lifecycle, logLines, stop: () => app.close() };
}

/** The real Authenticator; no persons, the API keys given, nobody revoked. */
export function testAuthenticator(apiKeys: ReadonlyMap<string, ResolvedApiKey> = new Map()): Authenticator {
  const bySha256 = new Map(
    [...apiKeys].map(([key, resolved]) => [Buffer.from(apiKeySha256(key)).toString('hex'), resolved]),
  );
  return new Authenticator({
    jwks: { keyFor: async () => undefined },
    issuer: 'https://dailydoco.test',
    audience: 'dailydoco',
    apiKeys: { lookUp: async (sha256) => bySha256.get(Buffer.from(sha256).toString('hex')) },
    serviceSecret: TEST_SECRET,
    revocations: { revocationOf: () => undefined },
  });
}

export function testClient<D extends ServiceDefinition>(
  definition: D,
  address: string,
  options: Partial<GrpcClientOptions<D>> = {},
): GrpcClient<D> {
  return createGrpcClient(definition, { address, service: 'payouts', serviceSecret: TEST_SECRET, ...options });
}
