import type { TenantId } from '../ids.js';
import { normaliseHost } from './tenant.js';

export interface HostBook {
  findByHost(host: string): Promise<TenantId | undefined>;
  findDefaultTenant(): Promise<TenantId | undefined>;
}

const REMEMBERED_MS = 10_000;
const MOST_REMEMBERED = 10_000;

/** Finds the tenant of a request that nobody signed: by its host, else the default tenant. Answers are kept for 10 s. */
export class TenantOfHost {
  readonly #book: HostBook;
  readonly #clock: { now(): Date };
  readonly #known = new Map<string, { tenantId: TenantId; untilMs: number }>();

  constructor(book: HostBook, clock: { now(): Date }) {
    this.#book = book;
    this.#clock = clock;
  }

  /** `host`: the request's Host, with or without a port. */
  async find(host: string): Promise<TenantId> {
    const name = normaliseHost(host) ?? '';
    const nowMs = this.#clock.now().getTime();
    const known = this.#known.get(name);
    if (known !== undefined && known.untilMs > nowMs) return known.tenantId;
    const tenantId =
      (name === '' ? undefined : await this.#book.findByHost(name)) ?? (await this.#book.findDefaultTenant());
    if (tenantId === undefined) throw new Error('the default tenant is made at boot');
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(name, { tenantId, untilMs: nowMs + REMEMBERED_MS });
    return tenantId;
  }
}
