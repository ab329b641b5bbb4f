import type { KafkaBrokerOptions } from '@dailydoco/events';
import { z } from 'zod';

const pem = (what: string, secret: boolean) =>
  z
    .string()
    .regex(/-----BEGIN [A-Z0-9 ]+-----/, 'must be in PEM')
    .optional()
    .meta({ description: what, ...(secret ? { secret: true } : {}) });

/** Where Kafka is, and how it knows this process: part of every service's settings, and all that the topics' job needs. */
export const kafkaSettings = {
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .describe('Kafka brokers, host:port, separated by commas.'),
  KAFKA_TLS: z
    .stringbool()
    .default(false)
    .describe('Whether connections to Kafka are encrypted; the brokers’ names are then checked.'),
  KAFKA_TLS_CA: pem('Certificates of who signs the brokers’, in PEM; the system’s own authorities unless told.', false),
  KAFKA_TLS_CERT: pem('Certificate by which Kafka knows this process, in PEM.', false),
  KAFKA_TLS_KEY: pem('Key of that certificate, in PEM.', true),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('How this process proves to Kafka who it is by name and password; not at all unless told.'),
  KAFKA_USERNAME: z.string().min(1).optional().describe('Name of this process at Kafka.'),
  KAFKA_PASSWORD: z.string().min(1).optional().meta({ description: 'Its password.', secret: true }),
};

export type KafkaConfig = z.output<z.ZodObject<typeof kafkaSettings>>;

/**
 * What the settings come to. Throws RangeError, naming the settings, where one is useless without another: a silent
 * fall-back to an open or anonymous connection would be worse than no boot.
 */
export function kafkaOptionsOf(config: KafkaConfig): Pick<KafkaBrokerOptions, 'brokers' | 'tls' | 'sasl'> {
  const { KAFKA_TLS_CA: ca, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key, KAFKA_SASL_MECHANISM: mechanism } = config;
  const { KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = config;
  if (!config.KAFKA_TLS && (ca ?? cert ?? key) !== undefined)
    throw new RangeError('KAFKA_TLS_CA, KAFKA_TLS_CERT and KAFKA_TLS_KEY need KAFKA_TLS to be true');
  if ((cert === undefined) !== (key === undefined))
    throw new RangeError('KAFKA_TLS_CERT and KAFKA_TLS_KEY are given together or not at all');
  const named = [mechanism, username, password].filter((given) => given !== undefined).length;
  if (named !== 0 && named !== 3)
    throw new RangeError('KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD are given together or not at all');
  const certificate = cert === undefined || key === undefined ? {} : { cert, key };
  return {
    brokers: config.KAFKA_BROKERS,
    ...(config.KAFKA_TLS ? { tls: { ...(ca === undefined ? {} : { ca }), ...certificate } } : {}),
    ...(mechanism === undefined || username === undefined || password === undefined
      ? {}
      : { sasl: { mechanism, username, password } }),
  };
}
