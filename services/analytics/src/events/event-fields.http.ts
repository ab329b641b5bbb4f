import { externalIdSchema, requestHash, timestampSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { asEventId, asUserId } from '../ids.js';
import { MAX_PROPERTIES_BYTES, type Rejection, REJECTIONS, type SentEvent } from './event.js';

const MAX_EVENTS = 500;

const eventSchema = z.strictObject({
  id: uuidSchema.meta({
    description: "The sender's id of the event, a UUID: sent again within 30 days, it is a duplicate.",
  }),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,99}$/)
    .meta({ description: 'What happened, such as invite_sent: [a-z][a-z0-9_-]{0,99}.' }),
  occurredAt: timestampSchema,
  anonymousId: externalIdSchema.optional().meta({ description: "The sender's id for somebody who did not sign in." }),
  userId: uuidSchema
    .optional()
    .meta({ description: "Whom it is about. A person's own events are about that person, named or not." }),
  properties: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({ description: `Anything else, at most ${MAX_PROPERTIES_BYTES} bytes of JSON.` }),
});

const CODES: Readonly<Record<keyof z.output<typeof eventSchema>, Rejection>> = {
  id: 'INVALID_ID',
  name: 'INVALID_NAME',
  occurredAt: 'INVALID_OCCURRED_AT',
  anonymousId: 'INVALID_ANONYMOUS_ID',
  userId: 'INVALID_USER_ID',
  properties: 'INVALID_PROPERTIES',
};

// The body takes anything in the place of an event, because each one is judged on its own; the document shows what an
// event has to be.
const { $schema: _dialect, ...eventJsonSchema } = z.toJSONSchema(eventSchema, { io: 'input' });

export const eventsBody = z
  .strictObject({
    events: z
      .array(z.unknown().meta({ ...eventJsonSchema, id: 'EventInput' }))
      .min(1)
      .max(MAX_EVENTS),
  })
  .meta({ id: 'EventsInput' });

export const recordedSchema = z
  .object({
    accepted: z.int().min(0).meta({ description: 'Events that were new; they are durable.' }),
    duplicates: z
      .int()
      .min(0)
      .meta({ description: 'Events whose id came before: within 30 days, or earlier in this request.' }),
    rejected: z
      .array(z.object({ index: z.int().min(0), code: z.enum(REJECTIONS) }))
      .meta({ description: 'Events that were not taken, by their position in the request.' }),
  })
  .meta({ id: 'EventsRecorded' });

/** The event that a value of the body is, or why it is none: the first thing that is wrong. */
export function readEvent(value: unknown): SentEvent | Rejection {
  const { success, data, error } = eventSchema.safeParse(value);
  if (!success) return rejectionOf(error);
  const { id, userId, anonymousId, ...rest } = data;
  return { ...rest, id: asEventId(id), anonymousId, userId: userId === undefined ? undefined : asUserId(userId) };
}

/**
 * Tells whether two requests send the same: each event counts as it was read, or as it was sent when it is none, so that
 * no two wrong events are one. Through JSON, because that is how events are kept, and a number as 1e999 is none there.
 */
export function hashOfEvents(values: readonly unknown[]): Uint8Array {
  const input = values.map((value) => {
    const event = readEvent(value);
    return typeof event === 'string' ? value : event;
  });
  return requestHash(JSON.parse(JSON.stringify(input)));
}

function rejectionOf({ issues: [issue] }: z.ZodError): Rejection {
  if (issue?.code === 'unrecognized_keys') return 'UNKNOWN_FIELD';
  const field = issue?.path[0];
  return isField(field) ? CODES[field] : 'NOT_AN_OBJECT';
}

function isField(name: PropertyKey | undefined): name is keyof typeof CODES {
  return name !== undefined && Object.hasOwn(CODES, name);
}
