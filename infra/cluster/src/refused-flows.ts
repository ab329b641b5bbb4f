import { POD_NETWORK } from './addresses.js';
import type { Pod } from './policy-objects.js';

/** The network is a /16. */
const POD_PREFIX = POD_NETWORK.split('.').slice(0, 2).join('.').concat('.');

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
}

/** The elements of the set `denied`, from what `nft -j list set` prints. */
export function readRefused(text: string): Flow[] {
  const { nftables } = JSON.parse(text) as { nftables: readonly { set?: { elem?: readonly unknown[] } }[] };
  return nftables.flatMap(({ set }) => set?.elem ?? []).flatMap(flowOf);
}

/** An element is `{"concat": [from, to, protocol, port]}`, bare or within `{"elem": {"val": …}}`. */
function flowOf(element: unknown): Flow[] {
  const { elem, concat } = element as { elem?: { val: unknown }; concat?: readonly (string | number)[] };
  if (elem !== undefined) return flowOf(elem.val);
  const [from, to, protocol, port] = concat ?? [];
  return [{ from: String(from), to: String(to), protocol: String(protocol), port: Number(port) }];
}

/** Whether an address is a pod's that exists, or none of a pod at all. */
export function isKnown(address: string, pods: readonly Pod[]): boolean {
  return !address.startsWith(POD_PREFIX) || pods.some(({ status }) => status?.podIP === address);
}

/** The flow with pods' names in place of their addresses. */
export function nameFlow({ from, to, protocol, port }: Flow, pods: readonly Pod[]): string {
  const name = (address: string) => {
    const pod = pods.find(({ status, spec }) => status?.podIP === address && spec.hostNetwork !== true);
    return pod === undefined ? address : `${pod.metadata.namespace}/${pod.metadata.name}`;
  };
  return `${name(from)} to ${name(to)} at ${protocol} ${port}`;
}
