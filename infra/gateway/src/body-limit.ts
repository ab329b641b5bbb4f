import { Transform } from 'node:stream';
import type { KongPlugin } from './kong.js';

const UNIT_BYTES: Readonly<Record<string, number>> = { megabytes: 1_048_576, kilobytes: 1_024, bytes: 1 };

/** A body was larger than `request-size-limiting` allows. */
export class BodyTooLarge extends Error {
  constructor() {
    super('the body is larger than allowed');
    this.name = 'BodyTooLarge';
  }
}

/** The largest body in bytes that an entry lets through. */
export function largestBody({ config }: KongPlugin): number {
  return Number(config['allowed_payload_size']) * (UNIT_BYTES[String(config['size_unit'])] ?? 1);
}

/** Passes a body on as it comes and breaks off once it is too large: a length that was not told is counted. */
export function countingBody(limitBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limitBytes) done(new BodyTooLarge());
      else done(null, chunk);
    },
  });
}
