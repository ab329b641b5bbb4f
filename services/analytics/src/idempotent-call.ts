/** Where an Idempotency-Key holds, and what it was used for. */
export interface IdempotentCall {
  readonly key: string;
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
