import { Certificates, type GrpcTls } from '@dailydoco/grpc';
import type { Logger } from '@dailydoco/telemetry';
import { z } from 'zod';

const path = z.string().min(1);

/**
 * Mutual TLS between services. The three are paths and nothing else: the files are read again when they change, which a
 * value in the environment cannot.
 */
export const grpcTlsSettings = {
  GRPC_TLS_CERT_FILE: path
    .optional()
    .describe(
      'File with the certificate of this service for gRPC, in PEM; absent: plain text. Read anew when it changes.',
    ),
  GRPC_TLS_KEY_FILE: path.optional().describe('File with its key, in PEM.'),
  GRPC_TLS_CA_FILE: path
    .optional()
    .describe('File with the authorities whose certificates are believed, of callers and of neighbours, in PEM.'),
  GRPC_TLS_CLIENTS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    )
    .refine((names) => names.length > 0, 'must name somebody')
    .optional()
    .describe(
      'DNS names, separated by commas: callers must have one of them in their certificate. Absent: any name will do.',
    ),
};

export type GrpcTlsConfig = z.output<z.ZodObject<typeof grpcTlsSettings>>;

/**
 * What the settings come to; undefined for plain text. Throws RangeError, naming the settings, where some are missing, and
 * Error where the files cannot be used: a silent fall-back to plain text would be worse than no boot.
 */
export function grpcTlsOf(config: GrpcTlsConfig, logger: Pick<Logger, 'info' | 'warn'>): GrpcTls | undefined {
  const { GRPC_TLS_CERT_FILE: certFile, GRPC_TLS_KEY_FILE: keyFile, GRPC_TLS_CA_FILE: caFile } = config;
  const { GRPC_TLS_CLIENTS: clients } = config;
  if (certFile === undefined && keyFile === undefined && caFile === undefined) {
    if (clients !== undefined) throw new RangeError('GRPC_TLS_CLIENTS needs GRPC_TLS_CERT_FILE');
    return undefined;
  }
  if (certFile === undefined || keyFile === undefined || caFile === undefined)
    throw new RangeError('GRPC_TLS_CERT_FILE, GRPC_TLS_KEY_FILE and GRPC_TLS_CA_FILE are given together or not at all');
  return { certificates: new Certificates({ certFile, keyFile, caFile, logger }), clients };
}
