import { pino } from 'pino';
import type { Bindings, ChildLoggerOptions, DestinationStream, Logger as PinoLogger } from 'pino';
import { redactFields, redactText } from './redaction.js';
import { currentTraceIds } from './tracing.js';

export type Logger = PinoLogger;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LoggerOptions {
  /** The service's name, on every line. */
  readonly service: string;
  /** The least severe level that is written; `info` unless told. */
  readonly level?: LogLevel;
  /** Where lines go; standard output unless told. */
  readonly destination?: DestinationStream;
}

/**
 * A pino logger that writes one JSON object a line, with `service`, `traceId` and `spanId`. Passwords, tokens, keys,
 * e-mails and amounts are replaced at any depth by the name of their field, and once more by their shape in the
 * finished line, for what stands in free text. Log ids and reasons, not records.
 */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const logger = pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => currentTraceIds() ?? {},
      // Trace ids must not be overwritten by a field of the same name in what is logged.
      mixinMergeStrategy: (fields: object, ids: object) => ({ ...fields, ...ids }),
      formatters: {
        level: (label) => ({ level: label }),
        log: redactFields,
      },
      // By then errors are plain fields; pino's own serializer would take them apart once more.
      serializers: { err: (error: unknown) => error },
      hooks: { streamWrite: redactText },
    },
    // Written at once, not buffered: the line that says why a process died is the one that must not be lost.
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
  // pino writes what a child is bound to as it is, past every formatter; children inherit this method from their parent.
  const bind: (bindings: Bindings, options?: ChildLoggerOptions) => unknown = Reflect.get(logger, 'child');
  Object.defineProperty(logger, 'child', {
    value(this: Logger, bindings: Bindings, options?: ChildLoggerOptions): unknown {
      return Reflect.apply(bind, this, [redactFields(bindings), options]);
    },
  });
  return logger;
}
