import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PASSWORD = 'changeit';

interface Thing {
  apiVersion: string;
  kind: string;
  metadata: { name: string; resourceVersion: string };
  [member: string]: unknown;
}

/** A server that speaks the Kubernetes API as far as it is documented for one Secret and one Deployment: TLS, bearer tokens,
 * merge patches (RFC 7396), resource versions and Status objects. */
export interface KubernetesApi {
  readonly port: number;
  /** Where the kubelet would mount what the service account has. */
  readonly serviceAccountDir: string;
  /** Each write, as method and path with its query. */
  readonly writes: string[];
  /** Answers so many calls with this status first. */
  fail(times: number, status: number): void;
  /** Somebody else writes to the Secret, after it was read and before the next write arrives. */
  interfere(key: string, text: string): void;
  secretText(key: string): string | undefined;
  setSecretText(key: string, text: string): void;
  podAnnotations(): Record<string, string>;
  close(): Promise<void>;
}

export interface Certificate {
  readonly pfx: Buffer;
  readonly pem: string;
}

/** A certificate for 127.0.0.1 that signs itself. Java's keytool is there wherever Kafka runs. */
export async function certificate(): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-certificate-'));
  const file = join(folder, 'api.p12');
  const store = ['-keystore', file, '-storetype', 'PKCS12', '-storepass', PASSWORD, '-alias', 'api'];
  const subject = ['-dname', 'CN=kubernetes', '-ext', 'SAN=ip:127.0.0.1', '-validity', '2'];
  await run('keytool', ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', ...subject, ...store]);
  const { stdout } = await run('keytool', ['-exportcert', '-rfc', ...store]);
  const made = { pfx: readFileSync(file), pem: stdout };
  rmSync(folder, { recursive: true });
  return made;
}

export async function startKubernetesApi(
  names: { secret: string; deployment: string },
  { pfx, pem }: Certificate,
): Promise<KubernetesApi> {
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-kubernetes-'));
  const token = 'a-service-account-token';
  for (const [file, text] of Object.entries({ token: `${token}\n`, 'ca.crt': pem, namespace: 'growth' }))
    writeFileSync(join(folder, file), text);
  const state = new ApiState(names, token);
  const server = createServer(
    { pfx, passphrase: PASSWORD },
    (request, response) => void state.answer(request, response),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    serviceAccountDir: folder,
    writes: state.writes,
    fail: (times, status) => (state.failures = Array.from({ length: times }, () => status)),
    interfere: (key, text) => (state.interference = { key, text }),
    secretText: (key) => state.entry(key),
    setSecretText: (key, text) => state.setEntry(key, text),
    podAnnotations: () => state.annotations(),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      rmSync(folder, { recursive: true });
    },
  };
}

class ApiState {
  readonly writes: string[] = [];
  failures: number[] = [];
  interference: { key: string; text: string } | undefined;
  readonly #token: string;
  readonly #things: Map<string, Thing>;
  readonly #secretPath: string;
  readonly #deploymentPath: string;

  constructor({ secret, deployment }: { secret: string; deployment: string }, token: string) {
    this.#token = token;
    this.#secretPath = `/api/v1/namespaces/growth/secrets/${secret}`;
    this.#deploymentPath = `/apis/apps/v1/namespaces/growth/deployments/${deployment}`;
    this.#things = new Map<string, Thing>([
      // As the chart makes it: without data.
      [this.#secretPath, { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret, resourceVersion: '1' } }],
      [
        this.#deploymentPath,
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: deployment, resourceVersion: '1' },
          spec: { replicas: 2, template: { metadata: { labels: { app: 'kong' }, annotations: { other: 'stays' } } } },
        },
      ],
    ]);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const [status, body] = this.#outcome(request, text);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  entry(key: string): string | undefined {
    const data = (this.#things.get(this.#secretPath)?.['data'] ?? {}) as Record<string, string>;
    return data[key] === undefined ? undefined : Buffer.from(data[key], 'base64').toString();
  }

  setEntry(key: string, text: string): void {
    this.#patch(this.#secretPath, { data: { [key]: Buffer.from(text).toString('base64') } });
  }

  annotations(): Record<string, string> {
    const { spec } = this.#things.get(this.#deploymentPath) as unknown as {
      spec: { template: { metadata: { annotations: Record<string, string> } } };
    };
    return spec.template.metadata.annotations;
  }

  #outcome({ method = '', url = '', headers }: IncomingMessage, text: string): [number, object] {
    const path = url.split('?')[0] ?? '';
    const failure = this.failures.shift();
    if (failure !== undefined) return status(failure, 'the server is currently unable to handle the request');
    if (headers.authorization !== `Bearer ${this.#token}`) return status(401, 'Unauthorized');
    const thing = this.#things.get(path);
    if (thing === undefined) return status(404, `${path.split('/').at(-1)} not found`);
    if (method === 'GET') return [200, thing];
    if (method !== 'PATCH') return status(405, 'the server does not allow this method on the requested resource');
    if (headers['content-type'] !== 'application/merge-patch+json')
      return status(415, 'the body of the request was in an unknown format');
    if (this.interference !== undefined && path === this.#secretPath) {
      this.setEntry(this.interference.key, this.interference.text);
      this.interference = undefined;
    }
    const patch = JSON.parse(text) as { metadata?: { resourceVersion?: string } };
    const version = patch.metadata?.resourceVersion;
    if (version !== undefined && version !== this.#things.get(path)?.metadata.resourceVersion)
      return status(409, 'the object has been modified; please apply your changes to the latest version and try again');
    this.writes.push(`${method} ${url}`);
    return [200, this.#patch(path, patch)];
  }

  #patch(path: string, patch: object): Thing {
    const before = this.#things.get(path);
    if (before === undefined) throw new Error(`there is no ${path}`);
    const after = merged(before, patch) as Thing;
    after.metadata = { ...after.metadata, resourceVersion: String(Number(before.metadata.resourceVersion) + 1) };
    this.#things.set(path, after);
    return after;
  }
}

function status(code: number, message: string): [number, object] {
  return [code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }];
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    target !== null && typeof target === 'object' && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}
