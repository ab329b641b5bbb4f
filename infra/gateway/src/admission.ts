import type { KongPlugin } from './kong.js';
import { networksOf } from './networks.js';

/** Why a request is turned away before anything else is looked at. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** `ip-restriction`: who may come from where. */
export function addressCheck({ config }: KongPlugin): (address: string) => Refusal | undefined {
  const networks = networksOf(config['allow'] as readonly string[]);
  const refusal = { status: Number(config['status']), message: String(config['message']) };
  return (address) => (networks?.holds(address) === true ? undefined : refusal);
}

/** `bot-detection`: which programs may come. Without a User-Agent there is nothing to judge. */
export function crawlerCheck({ config }: KongPlugin): (userAgent: string | undefined) => Refusal | undefined {
  const patterns = (member: string) =>
    ((config[member] ?? []) as readonly string[]).map((pattern) => new RegExp(pattern, 'u'));
  const [allowed, denied] = [patterns('allow'), patterns('deny')];
  return (userAgent) => {
    const agent = userAgent?.trim();
    if (agent === undefined || allowed.some((pattern) => pattern.test(agent))) return undefined;
    return denied.some((pattern) => pattern.test(agent)) ? { status: 403, message: 'Forbidden' } : undefined;
  };
}
