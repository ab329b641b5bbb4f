// The part of Kong 3.9's declarative format that is used here. schema/kong.schema.json says the same to a validator.

export interface KongPlugin {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface KongRoute {
  readonly name: string;
  readonly paths: readonly string[];
  readonly protocols: readonly string[];
  readonly strip_path: boolean;
  readonly preserve_host?: boolean;
  readonly request_buffering?: boolean;
  readonly response_buffering?: boolean;
  readonly plugins?: readonly KongPlugin[];
}

export interface KongService {
  readonly name: string;
  readonly protocol: 'http';
  readonly host: string;
  readonly port: number;
  readonly retries: number;
  readonly connect_timeout: number;
  readonly read_timeout: number;
  readonly write_timeout: number;
  readonly routes: readonly KongRoute[];
}

export interface KongDocument {
  readonly _format_version: '3.0';
  readonly services: readonly KongService[];
  /** Routes without a service: something else answers there. */
  readonly routes: readonly KongRoute[];
  readonly plugins: readonly KongPlugin[];
}
