import { defineConfig } from '@dailydoco/config';
import { z } from 'zod';

/** Settings of the empty route, the limit that HTTP figures stand beside. */
const schema = z.object({
  HTTP_PORT: z.coerce.number().int().min(1).max(65_535).describe('Port that HTTP listens on.'),
  DATABASE_URL: z
    .string()
    .meta({ description: 'A database with the tables of access, as its app role.', secret: true }),
  JWKS_URL: z.url().describe('Where identity publishes its public signing keys.'),
  TOKEN_ISSUER: z.string().describe('Issuer that a person’s token must name.'),
  TOKEN_AUDIENCE: z.string().describe('Audience that a person’s token must name.'),
  INTERNAL_TOKEN_SECRET: z.string().meta({ description: 'The services’ shared secret.', secret: true }),
  IDENTITY_GRPC_ADDRESS: z.string().describe('gRPC address of identity, host:port.'),
});

export const readConfig = (): z.output<typeof schema> => defineConfig(schema);
