/** Where an Idempotency-Key holds, and what it was used for. */
export interface IdempotentCall {
  /** Undefined: the caller gave none. */
  readonly key: string | undefined;
  readonly scope: {
    readonly tenantId: string;
    readonly callerId: string;
    readonly method: string;
    readonly path: string;
  };
  readonly requestHash: Uint8Array;
}

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

export interface ReplayableAnswer<Body> extends Answer<Body> {
  /** True: nothing was done, this is the first answer again. */
  readonly replayed: boolean;
}

/**
 * Does the work at most once per key, in one database transaction with the key: both are committed or neither. `Book`
 * is what the work sees of that database transaction.
 */
export type OncePerKey<Book> = <Body>(
  call: IdempotentCall,
  work: (book: Book) => Promise<{ status: number; body: Body }>,
) => Promise<{ status: number; body: Body; replayed: boolean }>;
