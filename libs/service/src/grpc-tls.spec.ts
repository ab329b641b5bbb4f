import { defineConfig } from '@dailydoco/config';
import { createLogger } from '@dailydoco/telemetry';
import { Authority, type IssuedFiles } from '@dailydoco/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { grpcTlsOf, grpcTlsSettings } from './index.js';

let authority: Authority;
let files: IssuedFiles;

beforeAll(() => {
  authority = new Authority('house');
  files = authority.issue(['identity']);
});
afterAll(() => authority.close());

const logger = createLogger({ service: 'spec', level: 'silent' });
const tlsOf = (env: Record<string, string>) => grpcTlsOf(defineConfig(z.object(grpcTlsSettings), env), logger);
const environment = () => ({
  GRPC_TLS_CERT_FILE: files.certFile,
  GRPC_TLS_KEY_FILE: files.keyFile,
  GRPC_TLS_CA_FILE: files.caFile,
});

describe('the settings of TLS between services', () => {
  it('absent mean plain text', () => {
    expect(tlsOf({})).toBeUndefined();
  });

  it('are three files, and who may call', () => {
    const tls = tlsOf({ ...environment(), GRPC_TLS_CLIENTS: 'dd-payouts, dd-identity' });
    expect(tls?.clients).toEqual(['dd-payouts', 'dd-identity']);
    tls?.certificates.close();
    const open = tlsOf(environment());
    expect(open?.clients).toBeUndefined();
    open?.certificates.close();
  });

  it('are refused when some are missing or cannot be used, so that nothing falls back to plain text', () => {
    expect(() => tlsOf({ GRPC_TLS_CERT_FILE: files.certFile })).toThrow('given together or not at all');
    expect(() => tlsOf({ GRPC_TLS_CLIENTS: 'identity' })).toThrow('GRPC_TLS_CLIENTS needs GRPC_TLS_CERT_FILE');
    expect(() => tlsOf({ ...environment(), GRPC_TLS_CA_FILE: '/nowhere' })).toThrow('ENOENT');
    expect(() => tlsOf({ ...environment(), GRPC_TLS_CLIENTS: ' , ' })).toThrow('GRPC_TLS_CLIENTS');
  });
});
