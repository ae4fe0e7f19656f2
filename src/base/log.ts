import { createRequire } from 'node:module';
import type { Logger as PinoLogger, pino as Pino } from 'pino';

/** What a room may log with. Never pass a prompt, a key or a secret: ids, counts and codes only. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/**
 * JSON lines on standard error, so that standard output stays free for the block that `npm start`
 * prints. Fields whose names could hold a secret are removed even if a caller slips.
 */
export function createLogger(level: string): Logger {
  // Loaded here and not above: the CLI imports this room too, and must not pay for a logger it never makes.
  const { pino } = createRequire(import.meta.url)('pino') as { pino: typeof Pino };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['authorization', 'key', 'secret', 'token', 'password', 'cookie', 'messages', 'prompt', 'content', 'body']
          .flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        remove: true,
      },
    },
    pino.destination({ fd: 2, sync: true }),
  ) as unknown as Logger;
}

/** Says nothing: for tests and for commands that print for people. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
  child: () => silentLogger,
};
