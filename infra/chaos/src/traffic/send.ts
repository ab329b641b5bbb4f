import { Agent, request } from 'node:http';
import type { Answer } from './answer.js';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

const agents = new Map<string, Agent>();

function agentOf(origin: string): Agent {
  const agent = agents.get(origin) ?? new Agent({ keepAlive: true });
  agents.set(origin, agent);
  return agent;
}

/** Sends one request and reads its whole answer. Rejects when there is none within the time. */
export function send(origin: string, call: Call, timeoutMs: number): Promise<Answer> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers = {
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...call.headers,
  };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(`${origin}${call.path}`, { method: call.method, headers, agent: agentOf(origin) });
  // Not the socket's own timeout: that starts anew with every byte.
  const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)), timeoutMs);
  sent.on('error', reject);
  sent.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers as Answer['headers'], text }),
    );
  });
  sent.end(body);
  return promise.finally(() => clearTimeout(timer));
}

/** Lets go of the connections, so that the program can end. */
export function closeConnections(): void {
  for (const agent of agents.values()) agent.destroy();
  agents.clear();
}
