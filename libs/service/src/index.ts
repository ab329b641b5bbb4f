export {
  databasePoolMax,
  grpcAddressOf,
  type IdentityConfig,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  PLACEHOLDERS,
  type ServiceConfig,
  serviceSettings,
  topicsSettings,
} from './settings.js';
export { type KafkaConfig, kafkaOptionsOf, kafkaSettings } from './kafka.js';
export { type GrpcTlsConfig, grpcTlsOf, grpcTlsSettings } from './grpc-tls.js';
export { limitSettings, type LimitConfig, statementTimeoutMs } from './limits.js';
export { type Basis, type BasisOptions, connect, createBasis } from './basis.js';
export { API_KEY_DEADLINE_MS, type Callers, identifiedCallers, identityKeys, type ResolveApiKey } from './callers.js';
export { buildEdges, type EdgesBasis, type EdgesOptions, type Service } from './edges.js';
export { addConsumers, addRelay, repeat, type RepeatedTask } from './background.js';
export { RestoreHoldWatch, type RestoreHoldWatchOptions } from './restore-hold.js';
export { accessConsumer } from './access.consumer.js';
export { runtimeModule } from './runtime-module.js';
export { boot, migrate, printOpenApi } from './commands.js';
