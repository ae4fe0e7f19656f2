import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Said } from '../machine/command.ts';
import { changePassword, passwordCommand } from './change-password.ts';
import { closeAgain, closePorts, nftRules, pfRules } from './close-ports.ts';

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'tandem-closing-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));
const says = (code: number | null, err = '') => {
  const ran: string[][] = [];
  return { ran, run: (program: string, args: readonly string[]): Promise<Said> => Promise.resolve(void ran.push([program, ...args])).then(() => ({ code, out: '', err })) };
};

it('ports are closed in a table of their own, and again at each start', async () => {
  const { ran, run } = says(0);
  await closeAgain(root, run);
  expect(ran).toEqual([]);
  expect(await closePorts(root, { ports: [22, 5900, 22] }, run)).toMatchObject({ ports: [22, 5900] });
  await closeAgain(root, run);
  expect(ran.length).toBeGreaterThanOrEqual(2);
  expect(ran.at(-1)).toEqual(ran[ran.length / 2 - 1]);
  expect(nftRules([22, 5900])).toContain('iifname "lo" accept; ct state established,related accept; tcp dport { 22, 5900 } drop;');
  expect(pfRules([22, 5900])).toBe('block drop in quick on ! lo0 proto tcp from any to any port { 22, 5900 }\n');
});

it.each([[[]], [['22; flush ruleset']], [[0]], [[70_000]], ['22']])('no rule is made of %j', async (ports) => {
  const { ran, run } = says(0);
  await expect(closePorts(root, { ports }, run)).rejects.toMatchObject({ code: 'bad_message' });
  expect(ran).toEqual([]);
});

it('what the tool says, or that there is none, is the reason', async () => {
  await expect(closePorts(root, { ports: [22] }, says(1, 'Operation not permitted\nmore').run)).rejects.toThrow('Operation not permitted');
  await expect(closePorts(root, { ports: [22] }, says(null).run)).rejects.toMatchObject({ code: 'not_closed' });
});

it('the password of a user is one that stands in no argument list and in one file for root', async () => {
  const told: { args: readonly string[]; input: string }[] = [];
  const tell = (code: number) => (_program: string, args: readonly string[], input: string) => Promise.resolve(void told.push({ args, input })).then(() => ({ code, err: `no such user ${input}` }));
  expect(await changePassword(root, { user: 'm1' }, tell(0))).toEqual({ changed: true });
  const kept = JSON.parse(readFileSync(join(root, 'machine-password.json'), 'utf8')) as { user: string; password: string };
  expect(statSync(join(root, 'machine-password.json')).mode & 0o777).toBe(0o600);
  expect([kept.user, told[0]!.input.includes(kept.password), told[0]!.args.join(' ').includes(kept.password)]).toEqual(['m1', true, false]);
  expect(passwordCommand('darwin', 'm1', 'new')).toEqual(['dscl', ['.'], 'passwd /Users/m1 new\n']);
  const failed = await changePassword(root, { user: 'm1' }, tell(1)).catch((error: Error) => error.message);
  expect(failed).toContain('no such user');
  expect(failed).not.toContain((JSON.parse(readFileSync(join(root, 'machine-password.json'), 'utf8')) as { password: string }).password);
  await expect(changePassword(root, { user: 'm1\nroot:x' }, tell(0))).rejects.toMatchObject({ code: 'bad_message' });
});
