import { mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from './policy-objects.js';

/** Where the container runtime keeps what network plugins answered, a file for each pod that has an address. */
export const NETWORK_RESULTS = '/var/lib/cni/results';

interface NetworkResult {
  readonly cniArgs?: readonly (readonly [string, string])[];
  readonly result?: { readonly ips?: readonly { readonly address: string }[] };
}

/** Address of a pod by `namespace/name`, from the text of one such file; nothing for a loopback's. */
export function readNetworkResult(text: string): readonly [string, string] | undefined {
  const { cniArgs = [], result } = JSON.parse(text) as NetworkResult;
  const args = new Map(cniArgs);
  const namespace = args.get('K8S_POD_NAMESPACE');
  const name = args.get('K8S_POD_NAME');
  const address = result?.ips?.[0]?.address.split('/')[0];
  if (namespace === undefined || name === undefined || address?.startsWith('127.') !== false) return undefined;
  return [`${namespace}/${name}`, address];
}

/**
 * Addresses that pods were given. The API server learns an address a second or two after the pod's processes began to use it;
 * these files are there before the first of them starts.
 */
export function readPodAddresses(folder = NETWORK_RESULTS): Map<string, string> {
  mkdirSync(folder, { recursive: true });
  const found = readdirSync(folder).flatMap((file) => {
    try {
      const entry = readNetworkResult(readFileSync(join(folder, file), 'utf8'));
      return entry === undefined ? [] : [entry];
    } catch {
      // Being written or just removed; the next look sees what became of it.
      return [];
    }
  });
  return new Map(found);
}

/** The pods with the addresses that they were given, where the API server does not know them yet. */
export function withAddresses(pods: readonly Pod[], addresses: ReadonlyMap<string, string>): Pod[] {
  return pods.map((pod) => {
    const address = addresses.get(`${pod.metadata.namespace}/${pod.metadata.name}`);
    return address === undefined || pod.status?.podIP !== undefined
      ? pod
      : { ...pod, status: { ...pod.status, podIP: address } };
  });
}

/** Resolves when a pod was given an address or lost it, at the latest after a time. */
export function nextChange(timeoutMs: number, folder = NETWORK_RESULTS): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, end);
    const timer = setTimeout(end, timeoutMs);
    function end(): void {
      clearTimeout(timer);
      watcher.close();
      resolve();
    }
  });
}
