import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** When a connection is cut at a chunk from the client: before the server sees it, or after, before the answer is passed on. */
export type Cut = 'before' | 'after';

export interface TcpProxy {
  readonly port: number;
  /** Decides for each chunk that a client sends; undefined passes it on. */
  cutAt(decide: (chunk: Buffer) => Cut | undefined): void;
  close(): Promise<void>;
}

/** A proxy on the loopback address that can cut a connection at a chosen moment, as a failing network would. */
export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  let decide: (chunk: Buffer) => Cut | undefined = () => undefined;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    let cut: Cut | undefined;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        open.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => {
      cut ??= decide(chunk);
      if (cut === 'before') end();
      else upstream.write(chunk);
    });
    // The server has done what it was asked once it answers; the answer is lost.
    upstream.on('data', (chunk) => (cut === 'after' ? end() : client.write(chunk)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    cutAt: (decision) => {
      decide = decision;
    },
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
