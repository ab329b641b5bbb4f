export { createHttpApp, type HttpAppOptions } from './http-app.js';
export { OPEN_ROUTE, type RoutePolicy } from './routes.js';
export { PROBLEM_MEDIA_TYPE, type ErrorBody } from './problem.filter.js';
export { SchemaValidationPipe, validationFailed } from './validation.pipe.js';
export {
  uuidSchema,
  externalIdSchema,
  timestampSchema,
  moneySchema,
  positiveMoneySchema,
  moneyAnswerSchema,
  type MoneyAnswer,
  formatMoney,
  metadataSchema,
  MAX_METADATA_BYTES,
  pageQuerySchema,
  type PageQuery,
} from './schemas.js';
export { encodePageToken, decodePageToken, page, pageSchema, type Page } from './pagination.js';
export { requestHash } from './request-hash.js';
export {
  requireIdempotencyKey,
  optionalIdempotencyKey,
  callerIdOf,
  keyClaim,
  type KeyClaim,
  type IdempotencyScope,
} from './idempotency-key.js';
export {
  IdempotencyStore,
  type Answer,
  type ReplayableAnswer,
  type ClaimOutcome,
} from './idempotency.store.js';
export { IdempotencyKey, KeyScope, replyWith, type KeyNeed } from './idempotency.decorators.js';
export { purgeIdempotencyKeys } from './idempotency-purge.js';
export { httpMigrations } from './migrations.js';
export { JsonText } from './json.js';
export { leavingOf } from './leaving.js';
export { keepRawBody } from './raw-body.js';
export { etagOf, isNotModified } from './etag.js';
export { Answers, type AnswersOptions, type AnswerDescription } from './answers.js';
export { openApiFor, type OpenApiOptions, type OpenApiDocument } from './openapi.js';
