import type { ChannelOptions } from '@grpc/grpc-js';
import { methodNameOf, serviceNameOf } from './definitions.js';

/** Largest message in either direction, 4 MiB; more belongs in pages or streams. */
const MAX_MESSAGE_BYTES = 4 * 1_024 * 1_024;
const KEEPALIVE_TIME_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;

/**
 * Options of a server. grpc-js ignores names it does not know, so only those it reads are here. A connection is closed
 * gently after `maxConnectionAgeMs`, because a client stays on the servers it found when it connected: without an end
 * a new replica would get no traffic. Calls that run then may finish within the grace.
 */
export function serverOptions(maxConnectionAgeMs: number, graceMs: number): ChannelOptions {
  return {
    'grpc.max_connection_age_ms': maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': graceMs,
    // A peer that vanished without a word (power, network) is noticed within keepalive time + timeout.
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_concurrent_streams': 1_000,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.enable_channelz': 0,
  };
}

/** Options of a client of one service; `safePaths` are the paths of methods that may be retried. */
export function clientOptions(safePaths: readonly string[]): ChannelOptions {
  return {
    'grpc.service_config': JSON.stringify(serviceConfig(safePaths)),
    // Otherwise every name costs a TXT query, whose answer would overrule the line above.
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_retries': 1,
    // A request larger than this is not held for a retry. It also bounds what a stream buffers ahead of the wire.
    'grpc.per_rpc_retry_buffer_size': 64 * 1_024,
    // Services start in any order: the other side may be seconds away, and must be found soon after it is there.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 3_000,
    'grpc.dns_min_time_between_resolutions_ms': 3_000,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    // Without it an idle connection that died is found out by the next call, which then fails.
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    // Traffic between services never goes through the proxy that the environment names for the internet.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
  };
}

/**
 * Every address of the name gets its share of calls. Retries only where named, only on UNAVAILABLE, and within a
 * budget: each failed try takes a token of twenty, each success gives back a fifth, and below ten nothing is retried,
 * so that a server in trouble gets at most 20 % more calls by retries and not three times as many.
 */
export function serviceConfig(safePaths: readonly string[]): object {
  const name = safePaths.map((path) => ({ service: serviceNameOf(path), method: methodNameOf(path) }));
  const retryPolicy = {
    maxAttempts: 3,
    initialBackoff: '0.05s',
    maxBackoff: '0.5s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  };
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: name.length === 0 ? [] : [{ name, retryPolicy }],
    retryThrottling: { maxTokens: 20, tokenRatio: 0.2 },
  };
}

/** The target of an address: `host:port` is looked up in DNS, again after every lost connection. */
export function targetOf(address: string): string {
  return /^(?:dns|ipv4|ipv6|unix):/.test(address) ? address : `dns:///${address}`;
}

/** Where a server binds; an IPv6 host gets its brackets. */
export function bindAddress(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}
