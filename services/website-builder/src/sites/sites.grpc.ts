import { DomainError } from '@dailydoco/errors';
import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import {
  type GetSiteRequest,
  type GetSiteResponse,
  type ResolveWriteKeyRequest,
  type ResolveWriteKeyResponse,
  SiteServiceService,
} from '@dailydoco/proto/dailydoco/website/v1/website';
import { Inject } from '@nestjs/common';
import { asSiteId, asTenantId, isUuid } from '../ids.js';
import { WriteKeys } from '../write-keys/write-keys.js';
import { Sites } from './sites.js';

@GrpcController(SiteServiceService)
@GrpcRequires({ service: true })
export class SitesGrpc implements GrpcHandlers<typeof SiteServiceService> {
  readonly #sites: Sites;
  readonly #writeKeys: WriteKeys;

  constructor(@Inject(Sites) sites: Sites, @Inject(WriteKeys) writeKeys: WriteKeys) {
    this.#sites = sites;
    this.#writeKeys = writeKeys;
  }

  async getSite(request: GetSiteRequest, call: CallContext): Promise<GetSiteResponse> {
    if (!isUuid(request.siteId)) throw new DomainError('WEBSITE_UNKNOWN');
    const { id, ownerId, slug } = await this.#sites.tenantSite(asTenantId(call.tenantId), asSiteId(request.siteId));
    return { siteId: id, ownerId, slug };
  }

  async resolveWriteKey({ keySha256 }: ResolveWriteKeyRequest): Promise<ResolveWriteKeyResponse> {
    const key = await this.#writeKeys.resolve(keySha256);
    if (key === undefined) return { known: false, writeKeyId: '', siteId: '', tenantId: '' };
    return { known: true, writeKeyId: key.id, siteId: key.siteId, tenantId: key.tenantId };
  }
}
