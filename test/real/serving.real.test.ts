import { afterAll, test } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { serveFromMachine, stopServing } from '../acceptance/support/serve-from-machine.ts';

afterAll(stopServing);

// Among the heavy ones, since nobody calls it for a minute.
test.runIf(canSandbox)('gpu serve: a served model goes to sleep and is woken by a call', () => serveFromMachine({ sleeps: true }), 300_000);

/**
 * Another engine, where this machine has one: the model and the options of `tandem gpu serve`, such as
 * `/srv/models/small.gguf --engine llama-cpp`. Where nobody names one there is no such test: one that is
 * not run counts as failed under CI.
 */
const served = process.env['SERVE_ENGINE']?.split(' ') ?? [];
if (served.length > 0) test.runIf(canSandbox)(`gpu serve: ${served.join(' ')}`, () => serveFromMachine({ sleeps: true, serve: served }), 900_000);
