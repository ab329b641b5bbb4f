import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { z } from 'zod';

/** The API server refused, or did not answer as it is documented to. */
export class KubernetesError extends Error {
  /** Absent when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, { status, cause }: { status?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'KubernetesError';
    this.status = status;
  }

  /** Whether the same call may succeed a moment later: somebody else wrote first, or the server is not well. */
  get isPassing(): boolean {
    return this.status === undefined || this.status === 409 || this.status === 429 || this.status >= 500;
  }
}

export interface KubernetesOptions {
  readonly host: string;
  readonly port: number;
  /** Holds `token`, `ca.crt` and `namespace`, as the kubelet mounts them. */
  readonly serviceAccountDir: string;
  readonly timeoutMs: number;
}

const MERGE_PATCH = 'application/merge-patch+json';
/** Written beside each change, so that others see who made it. */
const FIELD_MANAGER = 'dailydoco-kong-keys';
const LARGEST_ANSWER = 4 * 1_048_576;

const metadata = z.object({ resourceVersion: z.string() });
const secretSchema = z.object({ metadata, data: z.record(z.string(), z.string()).nullish() });
const deploymentSchema = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }).nullish(),
    }),
  }),
});
const statusSchema = z.object({ message: z.string() });

/** The few calls of the Kubernetes API that the keys need, as the pod's own service account. */
export class Kubernetes {
  readonly #options: KubernetesOptions;
  readonly #namespace: string;
  readonly #agent: Agent;

  /** Throws when the service account is not mounted. */
  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.#namespace = this.#mounted('namespace');
    this.#agent = new Agent({ connect: { ca: this.#mounted('ca.crt'), timeout: options.timeoutMs } });
  }

  /** One entry of a Secret, and the version to write against. */
  async secretEntry(name: string, key: string): Promise<{ text: string | undefined; version: string }> {
    const secret = secretSchema.parse(await this.#call('GET', this.#secret(name)));
    const entry = secret.data?.[key];
    const text = entry === undefined ? undefined : Buffer.from(entry, 'base64').toString('utf8');
    return { text, version: secret.metadata.resourceVersion };
  }

  /** Throws KubernetesError 409 when somebody wrote since `version`. */
  async writeSecretEntry(
    name: string,
    key: string,
    { text, version }: { text: string; version: string },
  ): Promise<void> {
    const data = { [key]: Buffer.from(text).toString('base64') };
    await this.#call('PATCH', this.#secret(name), { metadata: { resourceVersion: version }, data });
  }

  /** An annotation of the pods that a Deployment makes. */
  async podAnnotation(deployment: string, name: string): Promise<string | undefined> {
    const { spec } = deploymentSchema.parse(await this.#call('GET', this.#deployment(deployment)));
    return spec.template.metadata?.annotations?.[name] ?? undefined;
  }

  /** A changed annotation replaces the pods, one after the other as the Deployment says. */
  async annotatePods(deployment: string, name: string, value: string): Promise<void> {
    const template = { metadata: { annotations: { [name]: value } } };
    await this.#call('PATCH', this.#deployment(deployment), { spec: { template } });
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  #secret(name: string): string {
    return `/api/v1/namespaces/${this.#namespace}/secrets/${encodeURIComponent(name)}`;
  }

  #deployment(name: string): string {
    return `/apis/apps/v1/namespaces/${this.#namespace}/deployments/${encodeURIComponent(name)}`;
  }

  async #call(method: 'GET' | 'PATCH', path: string, patch?: object): Promise<unknown> {
    const { status, text } = await this.#send(method, path, patch);
    if (status >= 200 && status < 300) return JSON.parse(text);
    throw new KubernetesError(`${method} ${path}: ${status}${reasonIn(text)}${adviceFor(status)}`, { status });
  }

  async #send(method: 'GET' | 'PATCH', path: string, patch?: object): Promise<{ status: number; text: string }> {
    const { host, port, timeoutMs } = this.#options;
    const origin = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
    try {
      const { statusCode, body } = await request(`${origin}${path}`, {
        method,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          accept: 'application/json',
          // Read anew for each call: the kubelet replaces it.
          authorization: `Bearer ${this.#mounted('token')}`,
          ...(patch !== undefined && { 'content-type': MERGE_PATCH }),
        },
        ...(patch !== undefined && { query: { fieldManager: FIELD_MANAGER }, body: JSON.stringify(patch) }),
      });
      const text = await body.text();
      if (text.length > LARGEST_ANSWER) throw new Error('the answer is too large');
      return { status: statusCode, text };
    } catch (cause) {
      throw new KubernetesError(`${method} ${path}: no answer (${String(cause)})`, { cause });
    }
  }

  #mounted(file: string): string {
    const path = join(this.#options.serviceAccountDir, file);
    try {
      return readFileSync(path, 'utf8').trim();
    } catch (cause) {
      throw new Error(`${path} cannot be read; mount the pod's service account token`, { cause });
    }
  }
}

/** The API server says why in a Status object. */
function reasonIn(text: string): string {
  try {
    const status = statusSchema.safeParse(JSON.parse(text));
    return status.success ? ` ${status.data.message}` : '';
  } catch {
    return '';
  }
}

function adviceFor(status: number): string {
  if (status === 403) return '; the service account needs get and patch on this Secret and this Deployment';
  if (status === 404) return '; the chart makes it, this program only fills it';
  return '';
}
