import { NODE_ARGS } from '@dailydoco/local';

/** One image of the fleet. */
export interface ImageSpec {
  readonly name: string;
  /** Its workspace, from the repository's root; /app/<folder> is the working directory. */
  readonly folder: string;
  readonly ports: readonly number[];
}

const service = (name: string): ImageSpec => ({ name, folder: `services/${name}`, ports: [8080, 9090] });

/** The seven images that this repository makes. */
export const IMAGES: readonly ImageSpec[] = [
  service('identity'),
  service('viral-engine'),
  service('payouts'),
  service('analytics'),
  service('website-builder'),
  service('ai-gateway'),
  { name: 'gateway', folder: 'infra/gateway', ports: [8000] },
];

/** The user that every process of the fleet runs as; what is inside belongs to root and cannot be written by it. */
export const USER_ID = 65_532;

/** What every image says about its process. The Dockerfile says the same; a spec holds the two together. */
export const PROCESS = {
  user: `${USER_ID}:${USER_ID}`,
  entrypoint: ['node', ...NODE_ARGS],
  command: ['dist/main.js'],
  healthcheck: ['node', '/app/healthcheck.mjs'],
  environment: {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
    NODE_ENV: 'production',
    // Inside a container loopback reaches nobody.
    HTTP_HOST: '0.0.0.0',
    GRPC_HOST: '0.0.0.0',
    GATEWAY_HOST: '0.0.0.0',
  },
} as const;
