import { DomainError } from '@dailydoco/errors';
import { describe, expect, it } from '@jest/globals';
import type { ArgumentMetadata } from '@nestjs/common';
import { z } from 'zod';
import { SchemaValidationPipe, validationFailed } from './validation.pipe.js';

const pipe = new SchemaValidationPipe();
const body = z.strictObject({ amount: z.strictObject({ amount: z.string() }), tags: z.array(z.string()).optional() });

function refusal(value: unknown, metadata: ArgumentMetadata): DomainError {
  try {
    pipe.transform(value, metadata);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('SchemaValidationPipe', () => {
  it('hands on what the schema made of the value', () => {
    expect(pipe.transform('7', { type: 'query', schema: z.coerce.number() })).toBe(7);
  });

  it('names everything that is wrong, each at its own path', () => {
    const { reason, fieldErrors } = refusal(
      { amount: { amount: 1, micros: 2 }, tags: ['a', 2], colour: 'red', shape: 'round' },
      { type: 'body', schema: body },
    );
    expect(reason).toBe('VALIDATION_FAILED');
    expect(fieldErrors.map(({ path }) => path).toSorted()).toEqual([
      'amount.amount',
      'amount.micros',
      'colour',
      'shape',
      'tags.1',
    ]);
  });

  it('names the parameter that a schema of its own validates', () => {
    const { fieldErrors } = refusal('x', { type: 'param', data: 'id', schema: z.uuid() });
    expect(fieldErrors.map(({ path }) => path)).toEqual(['id']);
  });

  it('says that a body is missing rather than that it is not an object', () => {
    expect(refusal(undefined, { type: 'body', schema: body }).detail).toBe('This call needs a JSON body.');
  });

  it('leaves parameters without a schema and custom parameters alone', () => {
    expect(pipe.transform('x', { type: 'param', data: 'id' })).toBe('x');
    expect(pipe.transform('x', { type: 'custom', schema: z.uuid() })).toBe('x');
  });

  it('waits for a schema that has to', async () => {
    const schema = z.string().refine(async (text) => text === 'yes');
    await expect(pipe.transform('yes', { type: 'query', data: 'q', schema })).resolves.toBe('yes');
    await expect(pipe.transform('no', { type: 'query', data: 'q', schema })).rejects.toThrow(DomainError);
  });

  it('keeps the answer small however much is wrong', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`${'k'.repeat(500)}${index}`, 1]));
    const { fieldErrors } = refusal(many, { type: 'body', schema: body });
    expect(fieldErrors.length).toBe(50);
    expect(Math.max(...fieldErrors.map(({ path }) => path.length))).toBe(200);
    const issues = Array.from({ length: 10_000 }, () => ({ message: 'x' }));
    expect(validationFailed(issues).fieldErrors.length).toBe(50);
  });
});
