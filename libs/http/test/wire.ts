import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface WireAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body read as JSON; undefined when it is none. */
  body: unknown;
}

export interface WireRequest {
  method?: string;
  headers?: Record<string, string | string[]>;
  /** A text is sent as it is, anything else as JSON with its content type. */
  body?: unknown;
  agent?: Agent;
}

/** One request over a socket, with nothing added to it that the test does not see. */
export function call(
  url: string,
  { method = 'GET', headers = {}, body, agent }: WireRequest = {},
): Promise<WireAnswer> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const type = body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' };
  const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers: { ...type, ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const received = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: received,
          body: jsonOrUndefined(received),
        });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Sends bytes that need not be HTTP and returns all that comes back. */
export function callRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
