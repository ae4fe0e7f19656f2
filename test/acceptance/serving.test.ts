import { afterAll, test } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { serveFromMachine, stopServing } from './support/serve-from-machine.ts';

afterAll(stopServing);

test.runIf(canSandbox)('gpu serve: a leased machine without a GPU serves the local model by a name of the model API, through the tunnel and no open port, and leaves nothing at its end', () => serveFromMachine({ sleeps: false }), 240_000);
