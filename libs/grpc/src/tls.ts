import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { DomainError } from '@dailydoco/errors';
import { ChannelCredentials, experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Certificates } from './certificates.js';

/** Mutual TLS: both sides of a connection show a certificate that the other's authority has signed. */
export interface GrpcTls {
  readonly certificates: Certificates;
  /** DNS names of callers: a certificate must carry one of them. Absent: any that the authority has signed will do. */
  readonly clients?: readonly string[] | undefined;
}

/** Plain text without `tls`. A caller without a certificate, or with one of another authority, gets no connection. */
export function serverCredentialsOf(tls: GrpcTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { certificates } = tls;
  return experimental.createCertificateProviderServerCredentials(certificates, certificates, true);
}

/** Plain text without `tls`. The server must show a certificate with the name by which it is addressed. */
export function channelCredentialsOf(tls: Pick<GrpcTls, 'certificates'> | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  const { certificates } = tls;
  // One function for all clients: with another one each, grpc-js would not let them share connections.
  return experimental.createCertificateProviderChannelCredentials(certificates, certificates, {
    checkServerIdentity: namesServer,
  });
}

/** Node would make do with the subject's common name where there are no alternative names. */
function namesServer(host: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname === undefined) return new Error(`the certificate of ${host} has no alternative names`);
  return checkServerIdentity(host, certificate);
}

interface Authenticated {
  getAuthContext(): { sslPeerCertificate?: PeerCertificate };
}

/** Certificates come and go with each renewal of a caller; more of them at a time are not callers of ours. */
const REMEMBERED_MAX = 1_000;

/** Knows callers by the names in their certificates. */
export class KnownClients {
  readonly #names: readonly string[];
  readonly #verdicts = new Map<string, boolean>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Throws UNAUTHENTICATED unless the caller's certificate carries one of the names. */
  assertKnows(call: Authenticated): void {
    const certificate = call.getAuthContext().sslPeerCertificate;
    if (certificate === undefined || !this.#knows(certificate)) {
      throw new DomainError('UNAUTHENTICATED', { detail: 'The certificate names nobody who may call here.' });
    }
  }

  #knows({ fingerprint256, raw }: PeerCertificate): boolean {
    const known = this.#verdicts.get(fingerprint256);
    if (known !== undefined) return known;
    if (this.#verdicts.size >= REMEMBERED_MAX) this.#verdicts.clear();
    const certificate = new X509Certificate(raw);
    // The name as it stands: no wildcard and no common name speaks for a service.
    const options = { subject: 'never', wildcards: false } as const;
    const knows = this.#names.some((name) => certificate.checkHost(name, options) !== undefined);
    this.#verdicts.set(fingerprint256, knows);
    return knows;
  }
}
