export type { CallContext } from './call-context.js';
export type {
  GrpcCallOptions,
  GrpcClient,
  GrpcClientMethod,
  GrpcHandler,
  GrpcHandlers,
  RequestOf,
  ResponseOf,
  RpcDefinition,
  ServiceDefinition,
} from './definitions.js';
export { GrpcController, GrpcRequires } from './grpc-controller.js';
export { GrpcTransport } from './grpc-transport.js';
export type { GrpcTransportOptions } from './grpc-transport.js';
export { createGrpcClient } from './grpc-client.js';
export type { GrpcClientLimits, GrpcClientOptions } from './grpc-client.js';
export { GrpcHealthClient } from './health-client.js';
export { Certificates } from './certificates.js';
export type { CertificateFiles, CertificatesOptions } from './certificates.js';
export type { GrpcTls } from './tls.js';
