import type { ErrorBody, OpenApiDocument } from '@dailydoco/http';
import { openAiErrorOf } from './openai-error.js';

/** Where OpenAI's conventions hold, and not those of the other paths. */
const BASE_PATH = '/ai/v1';
const PROBLEM = 'application/problem+json';
const ERROR_REFERENCE = { $ref: '#/components/schemas/OpenAiError' };

const ERROR_SCHEMA = {
  type: 'object',
  description: 'An error as OpenAI’s API shapes it.',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'], description: 'The field to blame.' },
        code: { type: ['string', 'null'], description: 'The stable reason.' },
      },
    },
  },
} as const;

/** Errors under `/ai/v1` in OpenAI's shape, whoever found them: 401 before the body, 404 of a path nobody owns, and all. */
export const openAiErrors: ErrorBody = (problem, { url }) =>
  isUnder(BASE_PATH, url) ? { contentType: 'application/json', body: openAiErrorOf(problem) } : undefined;

function isUnder(base: string, url: string): boolean {
  return url === base || url.startsWith(`${base}/`) || url.startsWith(`${base}?`);
}

type Operation = NonNullable<OpenApiDocument['paths'][string]['post']>;

/** Says in the document what cannot be read off the handlers: the shape of errors, and that an answer may be a stream. */
export function describeOpenAiConventions(document: OpenApiDocument): OpenApiDocument {
  for (const { get, post } of Object.values(document.paths)) {
    for (const operation of [get, post]) if (operation !== undefined) correctErrors(operation);
  }
  const chat = document.paths[`${BASE_PATH}/chat/completions`]?.post?.responses['200'];
  if (chat !== undefined && 'content' in chat && chat.content !== undefined) {
    const description = 'Events `data: {chunk}`, the last one `data: [DONE]`.';
    chat.content['text/event-stream'] = { schema: { type: 'string', description } };
  }
  const { Problem: _, ...schemas } = document.components?.schemas ?? {};
  // JSON Schema 2020-12 has lists of types; the document's TypeScript type knows only 3.0.
  const added = { OpenAiError: ERROR_SCHEMA } as unknown as typeof schemas;
  document.components = { ...document.components, schemas: { ...schemas, ...added } };
  return document;
}

function correctErrors({ responses }: Operation): void {
  for (const response of Object.values(responses)) {
    if (response === undefined || !('content' in response) || response.content?.[PROBLEM] === undefined) continue;
    response.content = { 'application/json': { schema: ERROR_REFERENCE } };
  }
}
