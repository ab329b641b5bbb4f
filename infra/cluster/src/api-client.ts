import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

/** Asks the API server for JSON, for the few things that are asked too often to start a kubectl for. */
export class ApiClient {
  readonly #agent: Agent;
  readonly #server: string;
  readonly #token: string;

  constructor(options: { readonly server: string; readonly token: string; readonly certificateAuthority: string }) {
    this.#server = options.server;
    this.#token = options.token;
    this.#agent = new Agent({
      ca: readFileSync(options.certificateAuthority),
      servername: 'kubernetes',
      keepAlive: true,
    });
  }

  get<T>(path: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#server}${path}`,
        { agent: this.#agent, headers: { authorization: `Bearer ${this.#token}` }, timeout: TIMEOUT_MS },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            if (response.statusCode === 200) resolve(JSON.parse(text) as T);
            else reject(new Error(`GET ${path} answered ${response.statusCode}: ${text.slice(0, 300)}`));
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`GET ${path} did not answer within ${TIMEOUT_MS} ms`)));
      sent.on('error', reject);
      sent.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

const TIMEOUT_MS = 15_000;
