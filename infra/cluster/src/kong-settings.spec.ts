import { describe, expect, it } from '@jest/globals';
import { kongSettings } from './kong-settings.js';

const FILE = `
upstreams:
  - {name: identity.upstream, targets: [{target: "dd-identity-grpc:8080"}]}
  - {name: payouts.upstream, targets: [{target: "dd-payouts-grpc:8080"}]}
plugins:
  - {name: cors}
  - {name: rate-limiting, config: {redis: {host: dd-redis, port: 6380, password: "{vault://env/redis-password}"}}}
`;
const ENV = {
  KONG_DECLARATIVE_CONFIG: '/merged/kong.yml',
  KONG_PROXY_LISTEN: '0.0.0.0:8000 reuseport backlog=16384, 0.0.0.0:8443 ssl',
  KONG_STATUS_LISTEN: '0.0.0.0:8100',
  REDIS_PASSWORD: 'a/b@c',
};

describe('the settings of the gateway that stands in for Kong', () => {
  it('are those of Kong', () => {
    expect(kongSettings(FILE, ENV)).toEqual({
      GATEWAY_CONFIG: '/merged/kong.yml',
      GATEWAY_HOST: '0.0.0.0',
      GATEWAY_PORT: '8000',
      GATEWAY_STATUS_PORT: '8100',
      GATEWAY_UPSTREAMS: 'dd-identity-grpc=dd-identity-grpc:8080,dd-payouts-grpc=dd-payouts-grpc:8080',
      REDIS_URL: 'redis://:a%2Fb%40c@dd-redis:6380',
      SHUTDOWN_DELAY_MS: '3000',
    });
  });

  it('name what is missing', () => {
    expect(() => kongSettings(FILE, { ...ENV, REDIS_PASSWORD: undefined })).toThrow(/REDIS_PASSWORD, which is not set/);
    expect(() => kongSettings(FILE, {})).toThrow(/KONG_DECLARATIVE_CONFIG is not set/);
    expect(() => kongSettings('plugins: []', ENV)).toThrow(/names no Redis/);
  });
});
