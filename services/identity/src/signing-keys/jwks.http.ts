import { Requires } from '@dailydoco/auth';
import { Answers } from '@dailydoco/http';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { z } from 'zod';

const jwksSchema = z
  .object({ keys: z.array(z.record(z.string(), z.unknown())) })
  .meta({ id: 'JwkSet', description: 'Public keys as a JWK Set (RFC 7517).' });

/** Where Nest finds what publishes the keys. */
export const PUBLIC_KEYS = Symbol('PUBLIC_KEYS');

export interface PublicKeys {
  publicJwks(): { keys: object[] };
}

@Controller('.well-known')
export class JwksHttp {
  readonly #keys: PublicKeys;

  constructor(@Inject(PUBLIC_KEYS) keys: PublicKeys) {
    this.#keys = keys;
  }

  @Get('jwks.json')
  @Requires({ anyone: true })
  @Header('cache-control', 'public, max-age=300')
  @Answers(
    { 200: { description: 'The public keys that persons’ tokens are signed under.', schema: jwksSchema } },
    { summary: 'Read the public signing keys' },
  )
  read(): { keys: object[] } {
    return this.#keys.publicJwks();
  }
}
