import type { Logger } from './logger.js';

/** What Nest calls a LoggerService, by its shape, so that this library does not depend on Nest. */
export interface NestLogger {
  log(message: unknown, ...rest: unknown[]): void;
  error(message: unknown, ...rest: unknown[]): void;
  warn(message: unknown, ...rest: unknown[]): void;
  debug(message: unknown, ...rest: unknown[]): void;
  verbose(message: unknown, ...rest: unknown[]): void;
  fatal(message: unknown, ...rest: unknown[]): void;
}

/** Nest's own messages as lines of our logger. Nest passes the name of the logging class last: it becomes `context`. */
export function nestLogger(logger: Logger): NestLogger {
  const write =
    (level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal') =>
    (message: unknown, ...rest: unknown[]): void => {
      const context = rest.length > 0 ? rest.at(-1) : undefined;
      const details = rest.slice(0, -1);
      const fields = { context, ...(details.length > 0 ? { details } : {}) };
      if (message instanceof Error) logger[level]({ ...fields, err: message }, message.message);
      else if (typeof message === 'string') logger[level](fields, message);
      else logger[level]({ ...fields, message });
    };
  return {
    log: write('info'),
    error: write('error'),
    warn: write('warn'),
    debug: write('debug'),
    verbose: write('trace'),
    fatal: write('fatal'),
  };
}
