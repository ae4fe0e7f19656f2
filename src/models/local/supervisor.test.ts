import { expect, test } from 'vitest';
import { ManualClock, silentLogger } from '../../base/index.ts';
import { engineLimits } from './limits.ts';
import type { ToWorker } from './protocol.ts';
import { Supervisor } from './supervisor.ts';
import type { WorkerCallbacks } from './worker-process.ts';

/** A worker under the test's hand: it does what the test says, and what it is killed for ends it. */
function setUp(busy = false, answersPings = true) {
  const clock = new ManualClock();
  const told: string[] = [];
  const workers: { callbacks: WorkerCallbacks; sent: ToWorker['type'][]; progress: number; killed: boolean }[] = [];
  const hand = { busy, answersPings, overdue: false };
  const supervisor = new Supervisor({
    modelPath: '/model.gguf', clock, log: silentLogger,
    limits: engineLimits({ heartbeatMs: 1000, missedHeartbeats: 3, stalledHeartbeats: 5, crashesBeforeFailed: 3, restartDelayMs: 250, retryFailedMs: 60_000, loadTimeoutMs: 10_000, stopGraceMs: 2000 }),
    spawn: (callbacks) => {
      const worker = { callbacks, sent: [] as ToWorker['type'][], progress: 0, killed: false };
      workers.push(worker);
      return {
        pid: workers.length,
        send: (message) => {
          worker.sent.push(message.type);
          if (message.type === 'ping' && hand.answersPings) callbacks.onMessage({ type: 'pong', sequence: message.sequence, progress: worker.progress });
        },
        kill: () => {
          if (worker.killed) return;
          worker.killed = true;
          callbacks.onExit('its process was ended by SIGKILL');
        },
      };
    },
    hooks: {
      onReady: () => told.push('ready'),
      onMessage: () => told.push('message'),
      onLost: (reason) => told.push(`lost: ${reason}`),
      onDown: (reason) => told.push(`down: ${reason}`),
      busy: () => hand.busy,
      overdue: () => hand.overdue,
    },
  });
  const last = () => workers.at(-1)!;
  const load = () => last().callbacks.onMessage({ type: 'loaded', contextTokens: 1, sequences: 1, loadMs: 1 });
  const crash = async () => {
    last().callbacks.onExit('its process was ended by SIGSEGV');
    await settle();
  };
  const tick = async (times: number, ms = 1000) => {
    for (let count = 0; count < times; count += 1) {
      clock.advance(ms);
      await settle();
    }
  };
  return { clock, told, workers, hand, supervisor, last, load, crash, tick };
}

/** Lets everything that is ready to go on do so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('start resolves when the worker has loaded, and asks it for signs of life', async () => {
  const { supervisor, load, last, tick, told } = setUp();
  const started = supervisor.start();
  expect(supervisor.state).toMatchObject({ state: 'starting', restarts: 0 });
  load();
  expect(await started).toBeUndefined();
  await tick(20);
  expect(supervisor.state.state).toBe('ready');
  expect(last().sent.slice(0, 3)).toEqual(['load', 'ping', 'ping']);
  expect(told).toEqual(['ready']);
});

test('restarts after ever longer pauses, then gives up for a minute and tries again', async () => {
  const { supervisor, load, crash, clock, workers, told, tick } = setUp();
  void supervisor.start();
  load();
  for (const pauseMs of [250, 500]) {
    await crash();
    expect(supervisor.state).toMatchObject({ state: 'restarting', reason: 'its process was ended by SIGSEGV' });
    const before = workers.length;
    await tick(1, pauseMs - 1);
    expect(workers.length).toBe(before);
    await tick(1, 1);
    expect(workers.length).toBe(before + 1);
    load();
  }
  await crash();
  expect(supervisor.state).toMatchObject({ state: 'failed', restarts: 2 });
  expect(told.at(-1)).toBe('down: its process was ended by SIGSEGV');
  clock.advance(60_000);
  await settle();
  expect(workers.length).toBe(4);
  load();
  expect(supervisor.state.state).toBe('ready');
});

test('start on an engine that gave up tries at once', async () => {
  const { supervisor, workers, load } = setUp();
  const first = supervisor.start();
  workers[0]!.callbacks.onMessage({ type: 'load_failed', reason: 'no model' });
  expect(await first).toBe('the model could not be loaded (no model)');
  await settle();
  expect(supervisor.state.state).toBe('failed');
  const second = supervisor.start();
  await settle();
  load();
  expect(await second).toBeUndefined();
});

test('an answer in between, or a minute of life, ends the row of crashes', async () => {
  const { supervisor, load, crash, tick } = setUp();
  void supervisor.start();
  load();
  for (let count = 0; count < 5; count += 1) {
    await crash();
    await tick(1, 250);
    load();
    supervisor.noteSuccess();
    expect(supervisor.state.state).toBe('ready');
  }
  for (let count = 0; count < 5; count += 1) {
    await crash();
    await tick(1, 250);
    load();
    await tick(61);
    expect(supervisor.state.state).toBe('ready');
  }
});

test('no sign of life: killed and restarted', async () => {
  const { supervisor, load, last, hand, tick, told } = setUp();
  void supervisor.start();
  load();
  await tick(5);
  hand.answersPings = false;
  await tick(5);
  expect(told).toContain('lost: it gave no sign of life for 3 s');
  expect(last().killed || supervisor.state.restarts === 1).toBe(true);
});

test('work without progress: killed; work with progress, or none: left alone', async () => {
  const { supervisor, load, last, hand, tick, told } = setUp(true);
  void supervisor.start();
  load();
  for (let count = 0; count < 20; count += 1) {
    last().progress += 1;
    await tick(1);
  }
  hand.busy = false;
  await tick(20);
  expect(told).toEqual(['ready']);
  hand.busy = true;
  await tick(7);
  expect(told).toContain('lost: it made no progress for 5 s');
});

test('loading that never ends, and a request far past its deadline, end the worker', async () => {
  const slow = setUp();
  void slow.supervisor.start();
  await slow.tick(11);
  expect(slow.told).toContain('lost: loading took more than 10 s');
  const stuck = setUp();
  void stuck.supervisor.start();
  stuck.load();
  stuck.hand.overdue = true;
  await stuck.tick(1);
  expect(stuck.told).toContain('lost: a request ran far past its deadline');
});

test('stop asks first, then kills, and says why to who waits', async () => {
  const { supervisor, last, tick } = setUp();
  const started = supervisor.start();
  const stopped = supervisor.stop();
  expect(last().sent).toEqual(['load', 'stop']);
  expect(last().killed).toBe(false);
  await tick(2);
  await stopped;
  expect(last().killed).toBe(true);
  expect(await started).toBe('it was stopped');
  expect(supervisor.state).toMatchObject({ state: 'stopped', reason: 'it was stopped' });
});

test('a start can be given up', async () => {
  const { supervisor } = setUp();
  const leave = new AbortController();
  const started = supervisor.start(leave.signal);
  leave.abort(new Error('no longer wanted'));
  await expect(started).rejects.toThrow('no longer wanted');
});
