import type { GrpcClient } from '@dailydoco/grpc';
import type { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import type { KeyIssuer } from './find-key.js';

/** All that a site's write key may do: it stands in a public page. */
const WRITE_KEY_SCOPES = ['events:write'];

/** Website-builder, which made the write keys of sites. */
export function siteWriteKeys(client: Pick<GrpcClient<typeof SiteServiceService>, 'resolveWriteKey'>): KeyIssuer {
  return async (sha256) => {
    const { known, writeKeyId, tenantId } = await client.resolveWriteKey({ keySha256: Buffer.from(sha256) });
    return known ? { apiKeyId: writeKeyId, tenantId, scopes: WRITE_KEY_SCOPES } : undefined;
  };
}
