import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyLiving } from './copy-living.ts';

function folders() {
  const root = mkdtempSync(join(tmpdir(), 'tandem-copy-'));
  const from = join(root, 'from');
  mkdirSync(join(from, 'epoch'), { recursive: true });
  for (const name of ['0001.log', '0002.log', '0003.log']) writeFileSync(join(from, 'epoch', name), name);
  return { from, to: join(root, 'to') };
}

it('copies what comes after a file that vanished', async () => {
  const { from, to } = folders();
  await copyLiving(from, to, async (source, target) => {
    if (source.endsWith('0001.log')) rmSync(source);
    await copyFile(source, target);
  });
  expect(readdirSync(join(to, 'epoch')).sort()).toEqual(['0002.log', '0003.log']);
  expect(readFileSync(join(to, 'epoch', '0003.log'), 'utf8')).toBe('0003.log');
});

it('makes an empty folder of one that is gone, and passes on other errors', async () => {
  const { from, to } = folders();
  await copyLiving(join(from, 'gone'), to);
  expect(readdirSync(to)).toEqual([]);
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  await expect(copyLiving(from, to, () => Promise.reject(full))).rejects.toBe(full);
});
