import { isDeepStrictEqual } from 'node:util';
import { type Access, accessOf } from '@dailydoco/auth';
import { REASONS, type Reason } from '@dailydoco/errors';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { ownProblemsOf } from './answers.js';
import { idempotencyKeyOf } from './idempotency.decorators.js';
import { PROBLEM_MEDIA_TYPE } from './problem.filter.js';
import { type HandlerRef, handlersOf, parametersOf } from './routes.js';

export type OpenApiDocument = OpenAPIObject;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

export interface OpenApiOptions {
  readonly title: string;
  readonly description?: string;
  readonly version?: string;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
const BEARER = 'bearer';

const problemSchema = z
  .object({
    type: z.string().meta({ description: 'A URN that names the reason.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'The stable reason; compare this and nothing else.' }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    traceId: z.string(),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' });

/**
 * The OpenAPI 3.1 document of an application: paths, parameters and bodies from the very schemas that validate them,
 * answers from `@Answers`, access from `@Requires`, the Idempotency-Key from its decorator, and every problem that
 * follows from these. Throws when a handler lacks `@Answers` or a schema cannot be described.
 */
export function openApiFor(app: NestFastifyApplication, options: OpenApiOptions): OpenApiDocument {
  const handlers = new Map(handlersOf(app).map((ref) => [operationIdOf(ref.controller.name, ref.methodName), ref]));
  const { title, description = '', version = '1' } = options;
  const base = new DocumentBuilder()
    .setTitle(title)
    .setDescription(description)
    .setVersion(version)
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A JWT of a person, or an API key (dd_…).' }, BEARER)
    .build();
  const components = describeSchema(z.object({ it: problemSchema }), 'output')?.components ?? {};
  const document = SwaggerModule.createDocument(app, base, {
    operationIdFactory: operationIdOf,
    standardSchemaConverter: (schema, { schemaType }) => {
      const described = describeSchema(schema, schemaType);
      if (described !== undefined) collect(components, described.components);
      return described;
    },
    autoTagControllers: true,
  });
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (operation !== undefined) complete(operation, handlers);
    }
  }
  document.components = { ...document.components, schemas: components };
  return document;
}

/** `PurchasesController.record` → `purchasesRecord`. */
function operationIdOf(controllerName: string, methodName: string): string {
  const noun = controllerName.replace(/(Http)?(Controller)?$/, '');
  return `${noun.charAt(0).toLowerCase()}${noun.slice(1)}${methodName.charAt(0).toUpperCase()}${methodName.slice(1)}`;
}

function complete(operation: Operation, handlers: ReadonlyMap<string, HandlerRef>): void {
  const ref = handlers.get(operation.operationId ?? '');
  if (ref === undefined) throw new Error(`Operation ${operation.operationId} has no handler`);
  if (operation.summary === undefined || operation.summary === '') {
    throw new Error(`@Answers is missing on ${ref.controller.name}.${ref.methodName}`);
  }
  const access = accessOf(ref.controller, ref.handler) ?? {};
  const keyNeed = keyNeedOf(ref);
  operation.security = access.anyone === true ? [] : [{ [BEARER]: [] }];
  operation.description = [operation.description, `For ${callersOf(access)}.`].filter(Boolean).join('\n\n');
  if (keyNeed !== undefined) operation.parameters = [...(operation.parameters ?? []), keyParameter(keyNeed)];
  addProblems(operation, problemsOf(ref, access, keyNeed));
}

function keyNeedOf(ref: HandlerRef): 'required' | 'optional' | undefined {
  const parameter = parametersOf(ref).find(({ factory }) => factory === idempotencyKeyOf);
  if (parameter === undefined) return undefined;
  return parameter.data === 'required' ? 'required' : 'optional';
}

function keyParameter(need: 'required' | 'optional'): NonNullable<Operation['parameters']>[number] {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required: need === 'required',
    description: 'The same key with the same input gets the first answer again, marked by Idempotency-Replayed.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
}

function callersOf({ anyone, person, apiKey, service }: Access): string {
  const callers: string[] = [];
  if (anyone === true) callers.push('everybody');
  if (person === true || (person !== undefined && person.roles === undefined)) callers.push('signed-in persons');
  else if (person?.roles !== undefined) callers.push(`persons with the role ${person.roles.join(' or ')}`);
  if (apiKey !== undefined) callers.push(`API keys with the scope ${apiKey.scopes.join(' and ')}`);
  if (service === true) callers.push('services of this installation');
  return callers.join('; ');
}

function problemsOf(ref: HandlerRef, access: Access, keyNeed: 'required' | 'optional' | undefined): Set<Reason> {
  const kinds = parametersOf(ref).map(({ kind }) => kind);
  const reasons = new Set<Reason>(['RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE', 'OVERLOADED']);
  const add = (...more: Reason[]): void => more.forEach((reason) => reasons.add(reason));
  if (Reflect.getMetadata(METHOD_METADATA, ref.handler) !== RequestMethod.GET) add('READ_ONLY');
  if (access.anyone !== true) add('UNAUTHENTICATED', 'TOKEN_EXPIRED', 'FORBIDDEN');
  if (access.person !== undefined) add('ACCOUNT_SUSPENDED');
  if (access.apiKey !== undefined) add('SCOPE_MISSING');
  if (kinds.includes(RouteParamtypes.BODY)) {
    add('MALFORMED_REQUEST', 'VALIDATION_FAILED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  }
  if (kinds.includes(RouteParamtypes.QUERY)) add('VALIDATION_FAILED');
  if (kinds.includes(RouteParamtypes.PARAM)) add('VALIDATION_FAILED', 'NOT_FOUND');
  if (keyNeed !== undefined) add('VALIDATION_FAILED', 'REQUEST_IN_PROGRESS', 'IDEMPOTENCY_KEY_REUSED');
  if (keyNeed === 'required') add('IDEMPOTENCY_KEY_REQUIRED');
  add(...ownProblemsOf(ref.handler));
  return reasons;
}

function addProblems(operation: Operation, reasons: ReadonlySet<Reason>): void {
  const byStatus = Map.groupBy(reasons, (reason) => REASONS[reason].http);
  for (const [status, ofStatus] of [...byStatus].toSorted(([a], [b]) => a - b)) {
    const description = ofStatus.map((reason) => `${reason}: ${REASONS[reason].title}`).join('\n\n');
    const retryAfter = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' as const } } };
    operation.responses[String(status)] = {
      description,
      ...(status === 429 || status === 503 ? { headers: retryAfter } : {}),
      content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
}

/**
 * A zod schema as JSON Schema. Schemas with an id become components; an input is described as it is sent, an answer as
 * it is received, and answers stay open for members to come.
 */
function describeSchema(
  schema: unknown,
  schemaType: 'input' | 'output',
): { schema: unknown; components: Schemas } | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const json = z.toJSONSchema(z.object({ it: schema }), {
    target: 'draft-2020-12',
    io: schemaType,
    override: ({ jsonSchema }) => {
      // The format says it better than its regular expression.
      if (jsonSchema.format === 'date-time' || jsonSchema.format === 'uuid') delete jsonSchema.pattern;
      if (schemaType === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const moved: { properties: { it: unknown }; $defs?: Schemas } = JSON.parse(
    JSON.stringify(json).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/'),
  );
  return { schema: moved.properties.it, components: moved.$defs ?? {} };
}

/** Two schemas under one name would make one of them untrue. */
function collect(components: Schemas, more: Schemas): void {
  for (const [name, schema] of Object.entries(more)) {
    const present = components[name];
    if (present !== undefined && !isDeepStrictEqual(present, schema)) {
      throw new Error(`Two different schemas have the id ${name}`);
    }
    components[name] = schema;
  }
}
