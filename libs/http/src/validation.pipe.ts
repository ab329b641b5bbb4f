import { DomainError, type FieldError } from '@dailydoco/errors';
import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';

type Schema = NonNullable<ArgumentMetadata['schema']>;
type Result = Awaited<ReturnType<Schema['~standard']['validate']>>;
type Issue = NonNullable<Result['issues']>[number];

// A body may hold a million wrong fields; nobody reads past the first ones, and none may blow up the answer.
const MAX_ERRORS = 50;
const MAX_PATH_CHARACTERS = 200;

/**
 * Validates what `@Body({schema})`, `@Query({schema})` and `@Param('id', {schema})` take, and hands the handler what the
 * schema made of it. Everything that is wrong is named in one VALIDATION_FAILED. Parameters without a schema pass.
 */
@Injectable()
export class SchemaValidationPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const { schema } = metadata;
    if (schema === undefined || metadata.type === 'custom') return value;
    const result = schema['~standard'].validate(value);
    // Our schemas answer at once; only one with an asynchronous refinement makes the request wait.
    if (result instanceof Promise) return result.then((late) => valueOf(late, value, metadata));
    return valueOf(result, value, metadata);
  }
}

function valueOf(result: Result, value: unknown, { type, data }: ArgumentMetadata): unknown {
  if (result.issues === undefined) return result.value;
  if (type === 'body' && value === undefined) {
    throw new DomainError('VALIDATION_FAILED', { detail: 'This call needs a JSON body.' });
  }
  throw validationFailed(result.issues, data);
}

/** Issues of a schema as one error. `under` is the parameter's own name, which the schema does not know. */
export function validationFailed(issues: readonly Issue[], under?: string): DomainError {
  const root = under === undefined ? [] : [under];
  const fieldErrors = issues.slice(0, MAX_ERRORS).flatMap((issue) => {
    const path = [...root, ...(issue.path ?? []).map(segmentText)];
    const unknownKeys = unknownKeysOf(issue);
    if (unknownKeys === undefined) return [{ path: joined(path), message: issue.message }];
    return unknownKeys.slice(0, MAX_ERRORS).map((key) => unknownField([...path, key]));
  });
  return new DomainError('VALIDATION_FAILED', { fieldErrors: fieldErrors.slice(0, MAX_ERRORS) });
}

/** The error for members that nobody reads. */
export function unknownFields(names: readonly string[]): DomainError {
  const fieldErrors = names.slice(0, MAX_ERRORS).map((name) => unknownField([name]));
  return new DomainError('VALIDATION_FAILED', { fieldErrors });
}

function unknownField(path: readonly string[]): FieldError {
  return { path: joined(path), message: 'is not a known field' };
}

function joined(path: readonly string[]): string {
  const text = path.join('.');
  return text.length <= MAX_PATH_CHARACTERS ? text : `${text.slice(0, MAX_PATH_CHARACTERS - 1)}…`;
}

function segmentText(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}

/** zod names unknown fields beside the path of the object that holds them; the client wants to read each one's own. */
function unknownKeysOf(issue: Issue): readonly string[] | undefined {
  if (!('code' in issue) || issue.code !== 'unrecognized_keys') return undefined;
  return 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : undefined;
}
