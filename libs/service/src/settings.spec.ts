import { ConfigError, defineConfig } from '@dailydoco/config';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { databasePoolMax, identitySettings, migrationSettings, PLACEHOLDERS, serviceSettings } from './index.js';

const schema = z.object({ ...serviceSettings, ...identitySettings });

function missing(of: z.ZodObject): string[] {
  try {
    defineConfig(of, {});
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key }) => key).toSorted();
    throw error;
  }
  return [];
}

describe('the settings of every service', () => {
  it('must be told where the stores and identity are, and the two secrets; all else has a default', () => {
    const needed = ['DATABASE_URL', 'INTERNAL_TOKEN_SECRET', 'KAFKA_BROKERS', 'TOKEN_ISSUER'];
    expect(missing(z.object(serviceSettings))).toEqual(needed);
    expect(missing(z.object(identitySettings))).toEqual(['IDENTITY_GRPC_ADDRESS', 'JWKS_URL']);
    expect(missing(z.object(migrationSettings))).toEqual(['DATABASE_APP_ROLE', 'DATABASE_OWNER_URL']);
  });

  it('are all there in the placeholders, so that a document can be printed without a store', () => {
    expect(defineConfig(schema, PLACEHOLDERS)).toMatchObject({ HTTP_PORT: 8080, LOG_LEVEL: 'error' });
  });

  it('take several brokers, separated by commas', () => {
    const { KAFKA_BROKERS } = defineConfig(schema, { ...PLACEHOLDERS, KAFKA_BROKERS: 'one:9092, two:9092' });
    expect(KAFKA_BROKERS).toEqual(['one:9092', 'two:9092']);
  });

  it('give way to what a service writes after the spread', () => {
    const own = z.object({ ...serviceSettings, DATABASE_POOL_MAX: databasePoolMax(8) });
    expect(defineConfig(schema, PLACEHOLDERS).DATABASE_POOL_MAX).toBe(16);
    expect(defineConfig(own, PLACEHOLDERS).DATABASE_POOL_MAX).toBe(8);
    expect(() => defineConfig(own, { ...PLACEHOLDERS, DATABASE_POOL_MAX: '3' })).toThrow(ConfigError);
  });
});
