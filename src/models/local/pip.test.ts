import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ManualClock, systemClock } from '../../base/index.ts';
import { pipDownload } from './pip.ts';

const path = process.env['PATH'] ?? '';
afterEach(() => {
  process.env['PATH'] = path;
});

/** A machine with these programs only, beside the shell's own. */
function machine(programs: Readonly<Record<string, string>>): string {
  const bin = mkdtempSync(join(tmpdir(), 'tandem-bin-'));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\nPATH=${path}\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  process.env['PATH'] = bin + delimiter + join(bin, 'nothing-else');
  return mkdtempSync(join(tmpdir(), 'tandem-pip-'));
}

const download = (folder: string, clock = systemClock, signal = new AbortController().signal, onBytes = (_bytes: number) => {}) =>
  pipDownload('package==1.0', folder, clock, signal, onBytes);

test('calls the first pip that there is, with a folder of ours for everything', async () => {
  const folder = machine({ pip: 'echo "$@" > "$TMPDIR/asked"' });
  await download(folder);
  const asked = readFileSync(join(folder, 'asked'), 'utf8');
  expect(asked).toMatch(/^download --no-deps /);
  expect(asked).toContain(`--dest ${folder} package==1.0`);
});

test('python3 without pip counts as no pip', async () => {
  await expect(download(machine({ python3: 'echo "/usr/bin/python3: No module named pip" >&2; exit 1' }))).rejects.toThrow('pip is not installed');
  await expect(download(machine({}))).rejects.toThrow('pip is not installed');
});

test("gives pip's own error", async () => {
  const folder = machine({ pip3: 'echo "WARNING: retrying" >&2; echo "ERROR: No matching distribution found" >&2; echo "hint" >&2; exit 1' });
  await expect(download(folder)).rejects.toThrow('pip failed: No matching distribution found');
});

test('sees the files grow, and ends a pip that receives nothing any more', async () => {
  const clock = new ManualClock();
  const folder = machine({ pip3: 'echo 12345678 > "$TMPDIR/part"; exec sleep 600' });
  const growth: number[] = [];
  let over = false;
  const outcome = download(folder, clock, new AbortController().signal, (bytes) => growth.push(bytes)).catch(String).finally(() => {
    over = true;
  });
  while (!over) {
    // Only once pip has written does the time pass that it is given; a real process takes its own time to get there.
    clock.advance(growth.includes(9) ? 1000 : 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(await outcome).toContain('pip received nothing for 45 s');
});

test('is ended by the signal', async () => {
  const leave = new AbortController();
  const outcome = download(machine({ pip3: 'exec sleep 600' }), systemClock, leave.signal).catch(String);
  leave.abort(new Error('stopped'));
  expect(await outcome).toMatch(/ended by SIGKILL|stopped/);
});
