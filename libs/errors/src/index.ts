export { REASONS, GRPC_STATUS, isReason, type Reason, type ReasonEntry, type GrpcStatus } from './reasons.js';
export { DomainError, isTransient, type DomainErrorOptions, type FieldError } from './domain-error.js';
export { toProblem, type Problem } from './problem.js';
export { toGrpcStatus, fromGrpcStatus, type GrpcError, type ReceivedGrpcError } from './grpc-status.js';
