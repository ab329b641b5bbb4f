import type { IncomingHttpHeaders } from 'node:http';

/** Any JSON, as a client without types would read it. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer<Body = Json> {
  /** Method and path, for messages. */
  readonly call: string;
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Without parameters; empty when there is no body. */
  readonly mediaType: string;
  readonly text: string;
  /** The parsed body of a JSON answer, else undefined. */
  readonly body: Body;
}
