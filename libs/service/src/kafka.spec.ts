import { defineConfig } from '@dailydoco/config';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { kafkaOptionsOf, kafkaSettings } from './kafka.js';

const PEM = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----';
const optionsOf = (env: Record<string, string>) =>
  kafkaOptionsOf(defineConfig(z.object(kafkaSettings), { KAFKA_BROKERS: 'k:9092', ...env }));

describe('the settings of Kafka', () => {
  it('mean an open connection unless told', () => {
    expect(optionsOf({})).toEqual({ brokers: ['k:9092'] });
    expect(optionsOf({ KAFKA_TLS: 'false' })).toEqual({ brokers: ['k:9092'] });
  });

  it('encrypt, and prove who this is by certificate or by password', () => {
    expect(optionsOf({ KAFKA_TLS: 'true', KAFKA_TLS_CA: PEM })).toEqual({ brokers: ['k:9092'], tls: { ca: PEM } });
    expect(optionsOf({ KAFKA_TLS: 'true', KAFKA_TLS_CERT: PEM, KAFKA_TLS_KEY: PEM })).toMatchObject({
      tls: { cert: PEM, key: PEM },
    });
    expect(
      optionsOf({ KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_USERNAME: 'payouts', KAFKA_PASSWORD: 'secret' }),
    ).toMatchObject({ sasl: { mechanism: 'scram-sha-512', username: 'payouts', password: 'secret' } });
  });

  it.each([
    [{ KAFKA_TLS_CA: PEM }, 'need KAFKA_TLS to be true'],
    [{ KAFKA_TLS: 'true', KAFKA_TLS_CERT: PEM }, 'KAFKA_TLS_CERT and KAFKA_TLS_KEY are given together'],
    [{ KAFKA_USERNAME: 'payouts' }, 'given together or not at all'],
    [{ KAFKA_USERNAME: 'payouts', KAFKA_PASSWORD: 'secret' }, 'given together or not at all'],
    [{ KAFKA_TLS: 'true', KAFKA_TLS_CA: 'not a certificate' }, 'KAFKA_TLS_CA'],
    [{ KAFKA_SASL_MECHANISM: 'gssapi' }, 'KAFKA_SASL_MECHANISM'],
    [{ KAFKA_TLS: 'perhaps' }, 'KAFKA_TLS'],
  ])('refuse %j, naming the setting', (env: Record<string, string>, message) => {
    expect(() => optionsOf(env)).toThrow(message);
  });
});
