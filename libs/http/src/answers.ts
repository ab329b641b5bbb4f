import type { Reason } from '@dailydoco/errors';
import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

const PROBLEMS = 'dailydoco:problems';

/** One answer of an operation that is not a problem. */
export interface AnswerDescription {
  readonly description: string;
  /** Of the JSON body; absent when there is none. The document shows its output side. */
  readonly schema?: z.ZodType;
}

export interface AnswersOptions {
  /** What the call does, in a few words; the operation's title. */
  readonly summary: string;
  readonly description?: string;
  /** Reasons of this call's own. What follows from access, body, parameters and key is in the document already. */
  readonly problems?: readonly Reason[];
}

/**
 * Describes a handler in the OpenAPI document: its answers by status, and the reasons it may refuse with. A single
 * status is also the one that the handler answers with, so `@HttpCode` is not needed beside it; with several, the
 * handler chooses (Nest's default is 201 for POST, else 200).
 */
export function Answers(
  answers: Readonly<Record<number, AnswerDescription>>,
  options: AnswersOptions,
): MethodDecorator {
  const { summary, description, problems = [] } = options;
  const statuses = Object.keys(answers).map(Number);
  const [only] = statuses;
  return applyDecorators(
    ApiOperation({ summary, ...(description === undefined ? {} : { description }) }),
    SetMetadata(PROBLEMS, problems),
    ...(only !== undefined && statuses.length === 1 ? [HttpCode(only)] : []),
    ...Object.entries(answers).map(([status, answer]) =>
      ApiResponse({
        status: Number(status),
        description: answer.description,
        ...(answer.schema === undefined ? {} : { standardSchema: answer.schema }),
      }),
    ),
  );
}

/** The reasons that `@Answers` names for a handler. */
export function ownProblemsOf(handler: (...args: never[]) => unknown): readonly Reason[] {
  return Reflect.getMetadata(PROBLEMS, handler) ?? [];
}
