import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A range of addresses, as `ipaddr.parseCIDR` reads it. */
export type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Where messages may go: what the operators allow beside public https. */
export interface TargetRules {
  /** http beside https. For local runs and for networks that nobody listens in. */
  readonly allowHttp: boolean;
  /** Ports of public receivers. */
  readonly ports: readonly number[];
  /** Networks that are the operators' own: reached although they are private, at any port. */
  readonly networks: readonly Network[];
}

/** Public addresses that belong to the machine's own cloud: Azure's agent, which hands out credentials. */
const CLOUD_AGENTS: readonly string[] = ['168.63.129.16'];

/** Reads `10.0.0.0/8`; undefined when it is no network. */
export function parseNetwork(text: string): Network | undefined {
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
}

function plainAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // An IPv4 address in IPv6's clothes is judged as what it is.
  return ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
}

/** Whether the address lies in one of the operators' own networks. */
export function isOwnAddress(address: string, networks: readonly Network[]): boolean {
  const plain = plainAddress(address);
  return networks.some(([base, bits]) => plain?.kind() === base.kind() && plain.match([base, bits] as never));
}

/**
 * Whether messages may be sent to the address: public ones, and those of the operators' own networks. Everything that
 * is set aside for another use (private, loopback, link-local, with them the clouds' metadata services, carriers',
 * multicast, documentation, IPv4 inside of IPv6, …) is not.
 */
export function isReachable(address: string, networks: readonly Network[]): boolean {
  if (isOwnAddress(address, networks)) return true;
  const plain = plainAddress(address);
  return plain !== undefined && plain.range() === 'unicast' && !CLOUD_AGENTS.includes(plain.toString());
}

/** Whether the port may be asked at the address. */
export function isPortAllowed(address: string, port: number, rules: TargetRules): boolean {
  return rules.ports.includes(port) || isOwnAddress(address, rules.networks);
}

/** The port that a URL leads to. */
export function portOf({ protocol, port }: Pick<URL, 'protocol' | 'port'>): number {
  if (port !== '') return Number(port);
  return protocol === 'http:' ? 80 : 443;
}

/** The host without the brackets of IPv6. */
export function hostOf({ hostname }: Pick<URL, 'hostname'>): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * What is wrong with a URL as a receiver, as far as it can be told without looking its name up; undefined when nothing
 * is. The address is judged again at every connection, because names may change what they stand for.
 */
export function wrongTarget(text: string, rules: TargetRules): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'must be an absolute URL';
  const { allowHttp, ports, networks } = rules;
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not carry a user or a password';
  if (url.hash !== '') return 'must not have a fragment';
  const host = hostOf(url);
  const isAddress = isIP(host) !== 0;
  if (isAddress && !isReachable(host, networks)) return 'leads to an address that is not public';
  if (networks.length === 0 && /(^|\.)(localhost|local|internal)\.?$/.test(host))
    return 'leads to a host that is not public';
  const mayBeOwn = isAddress ? isOwnAddress(host, networks) : networks.length > 0;
  if (!mayBeOwn && !ports.includes(portOf(url))) return `must lead to port ${ports.join(' or ')}`;
  return undefined;
}
