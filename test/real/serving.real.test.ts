import { afterAll, test } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { serveFromMachine, stopServing } from '../acceptance/support/serve-from-machine.ts';

afterAll(stopServing);

// Among the heavy ones, since nobody calls it for a minute.
test.runIf(canSandbox)('gpu serve: a served model goes to sleep and is woken by a call', () => serveFromMachine({ sleeps: true }), 300_000);
