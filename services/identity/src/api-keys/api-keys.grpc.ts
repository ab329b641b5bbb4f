import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import { DomainError } from '@dailydoco/errors';
import {
  ApiKeyServiceService,
  type ResolveApiKeyRequest,
  type ResolveApiKeyResponse,
} from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { Inject } from '@nestjs/common';
import type { ApiKey } from './api-key.js';

/** Where Nest finds what knows keys by their digest. */
export const KEY_DIRECTORY = Symbol('KEY_DIRECTORY');

export interface KeyDirectory {
  resolve(sha256: Uint8Array): Promise<ApiKey | undefined>;
}

const SHA256_BYTES = 32;

@GrpcController(ApiKeyServiceService)
@GrpcRequires({ service: true })
export class ApiKeysGrpc implements GrpcHandlers<typeof ApiKeyServiceService> {
  readonly #keys: KeyDirectory;

  constructor(@Inject(KEY_DIRECTORY) keys: KeyDirectory) {
    this.#keys = keys;
  }

  async resolveApiKey({ keySha256 }: ResolveApiKeyRequest, _call: CallContext): Promise<ResolveApiKeyResponse> {
    if (keySha256.length !== SHA256_BYTES)
      throw new DomainError('VALIDATION_FAILED', {
        fieldErrors: [{ path: 'key_sha256', message: `must have ${SHA256_BYTES} bytes` }],
      });
    const key = await this.#keys.resolve(keySha256);
    if (key === undefined) return { known: false, apiKeyId: '', tenantId: '', scopes: [] };
    return { known: true, apiKeyId: key.id, tenantId: key.tenantId, scopes: [...key.scopes] };
  }
}
