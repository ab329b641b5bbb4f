import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type Logger, observe } from '@dailydoco/telemetry';
import type { experimental } from '@grpc/grpc-js';

export interface CertificateFiles {
  /** This process's certificate and those between it and the authority, in PEM. */
  readonly certFile: string;
  /** Its private key, in PEM. */
  readonly keyFile: string;
  /** The authorities whose certificates are believed, in PEM; two of them while one follows the other. */
  readonly caFile: string;
}

export interface CertificatesOptions extends CertificateFiles {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** How often the files are looked at. Default 10,000. */
  readonly everyMs?: number;
}

interface Loaded {
  readonly texts: readonly Buffer[];
  readonly ca: experimental.CaCertificateUpdate;
  readonly identity: experimental.IdentityCertificateUpdate;
  readonly endsAtMs: number;
}

const EVERY_MS = 10_000;

/**
 * Certificates of a process that are read again whenever their files change, for all its gRPC servers and clients.
 * Connections that are open live on; new ones use what is newest. Files that do not fit together, as happens while they
 * are being replaced, change nothing: grpc-js's own watcher would turn everybody away until it reads them once more.
 */
export class Certificates implements experimental.CertificateProvider {
  readonly #files: readonly string[];
  readonly #logger: Pick<Logger, 'info' | 'warn'>;
  readonly #caListeners = new Set<experimental.CaCertificateUpdateListener>();
  readonly #identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  readonly #timer: NodeJS.Timeout;
  readonly #unregister: () => void;
  #loaded: Loaded;
  #refused: readonly Buffer[] | undefined;
  #reading: Promise<void> | undefined;

  /** Throws an Error that names the file when there are no good certificates to begin with. */
  constructor({ certFile, keyFile, caFile, logger, everyMs = EVERY_MS }: CertificatesOptions) {
    this.#files = [certFile, keyFile, caFile];
    this.#logger = logger;
    this.#loaded = load(this.#files.map((file) => readFileSync(file)));
    this.#timer = setInterval(() => void this.refresh(), everyMs);
    this.#timer.unref();
    this.#unregister = observe('dailydoco_grpc_certificate_remaining_seconds', () => [
      { value: Math.round((this.#loaded.endsAtMs - Date.now()) / 1_000), labels: {} },
    ]);
  }

  /** Looks at the files now. Never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#refresh().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unregister();
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.add(listener);
    // Not at once: grpc-js counts a listener in only after this call.
    process.nextTick(() => this.#caListeners.has(listener) && listener(this.#loaded.ca));
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.add(listener);
    process.nextTick(() => this.#identityListeners.has(listener) && listener(this.#loaded.identity));
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.delete(listener);
  }

  async #refresh(): Promise<void> {
    let texts: readonly Buffer[] | undefined;
    try {
      texts = await Promise.all(this.#files.map((file) => readFile(file)));
      if (same(texts, this.#loaded.texts) || same(texts, this.#refused)) return;
      this.#loaded = load(texts);
    } catch (err) {
      this.#refused = texts;
      this.#logger.warn({ err }, 'the gRPC certificates on disk cannot be used; those in use stay');
      return;
    }
    this.#refused = undefined;
    for (const listener of this.#caListeners) listener(this.#loaded.ca);
    for (const listener of this.#identityListeners) listener(this.#loaded.identity);
    const validUntil = new Date(this.#loaded.endsAtMs).toISOString();
    this.#logger.info({ validUntil }, 'gRPC certificates were read anew');
  }
}

/** Throws when the three cannot be used together. */
function load(texts: readonly Buffer[]): Loaded {
  const [cert, key, ca] = texts;
  if (cert === undefined || key === undefined || ca === undefined) throw new TypeError('three texts are needed');
  const own = parsed('the certificate', () => new X509Certificate(cert));
  const privateKey = parsed('the key', () => createPrivateKey(key));
  parsed('the authorities', () => new X509Certificate(ca));
  if (!own.checkPrivateKey(privateKey)) throw new Error('the gRPC key is not that of the certificate');
  parsed('the certificates', () => createSecureContext({ cert, key, ca }));
  return {
    texts,
    ca: { caCertificate: ca },
    identity: { certificate: cert, privateKey: key },
    endsAtMs: own.validToDate.getTime(),
  };
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${what} for gRPC cannot be read: PEM is wanted`, { cause });
  }
}

function same(one: readonly Buffer[], other: readonly Buffer[] | undefined): boolean {
  return other !== undefined && one.every((text, index) => other[index]?.equals(text) === true);
}
