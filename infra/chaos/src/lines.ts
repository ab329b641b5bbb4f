import type { Caller, LayLine, Line } from '@dailydoco/local';
import { type NetworkFault, startTcpProxy, type TcpProxy } from '@dailydoco/testing';

/** The lines between the fleet's processes, each through a proxy that can fail as networks do. */
export class Lines {
  readonly #laid: { readonly line: Line; readonly proxy: TcpProxy }[] = [];
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  readonly lay: LayLine = async (line) => {
    const seed = this.#seed + this.#laid.length;
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: line.port, seed });
    this.#laid.push({ line, proxy });
    return proxy.port;
  };

  /** Every line from one process to another, or to it from everywhere. Throws when there is none, or none that is used. */
  suffer({ from, to }: { from?: Caller; to: Line['to'] }, fault: NetworkFault): void {
    const chosen = this.#laid.filter(({ line }) => line.to === to && (from === undefined || line.from === from));
    if (!chosen.some(({ proxy }) => proxy.connections.total > 0))
      throw new Error(`${from ?? 'nobody'} has never connected to ${to}: the fault would hit nothing`);
    for (const { proxy } of chosen) proxy.suffer(fault);
  }

  heal(): void {
    for (const { proxy } of this.#laid) proxy.heal();
  }

  async close(): Promise<void> {
    await Promise.all(this.#laid.map(({ proxy }) => proxy.close()));
  }
}
