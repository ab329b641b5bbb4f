// The part of Kong 3.9's declarative format that is used here. schema/kong.schema.json says the same to a validator.

export interface KongPlugin {
  readonly name: string;
  /** Only for requests of this consumer. */
  readonly consumer?: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A public key under which tokens of a consumer are signed; `key` is the token's `kid`. */
export interface KongJwtSecret {
  readonly key: string;
  readonly algorithm: 'ES256';
  /** In PEM; so named also for keys that are not RSA. */
  readonly rsa_public_key: string;
}

export interface KongConsumer {
  readonly username: string;
  readonly jwt_secrets?: readonly KongJwtSecret[];
}

export interface KongRoute {
  readonly name: string;
  readonly paths: readonly string[];
  readonly protocols: readonly string[];
  /** Absent on routes of gRPC, where Kong refuses it. */
  readonly strip_path?: boolean;
  readonly preserve_host?: boolean;
  readonly request_buffering?: boolean;
  readonly response_buffering?: boolean;
  readonly plugins?: readonly KongPlugin[];
}

export interface KongService {
  readonly name: string;
  readonly protocol: 'http' | 'grpc';
  /** The name of an upstream. */
  readonly host: string;
  readonly port: number;
  readonly retries: number;
  readonly connect_timeout: number;
  readonly read_timeout: number;
  readonly write_timeout: number;
  readonly routes: readonly KongRoute[];
}

export interface KongUpstream {
  readonly name: string;
  readonly algorithm: 'round-robin';
  readonly healthchecks: Readonly<Record<string, unknown>>;
  /** One: a name that resolves to every instance. */
  readonly targets: readonly { readonly target: string; readonly weight: number }[];
}

export interface KongDocument {
  readonly _format_version: '3.0';
  readonly consumers: readonly KongConsumer[];
  readonly upstreams: readonly KongUpstream[];
  readonly services: readonly KongService[];
  /** Routes without a service: something else answers there. */
  readonly routes: readonly KongRoute[];
  readonly plugins: readonly KongPlugin[];
}

/** What is added to a document when teams outside the cluster may call by gRPC. */
export type KongAddition = Pick<KongDocument, '_format_version' | 'upstreams' | 'services'>;
