import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSecretBox } from './secret-box.ts';

let home: string;
let path: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'secret-'));
  path = join(home, 'deep', 'secret');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('makes the file once, for its owner alone, and leaves no draft', () => {
  const one = openSecretBox(path);
  const two = openSecretBox(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(home, 'deep'))).toEqual(['secret']);
  expect(two.open(one.seal('sk-live', 'backends:1'), 'backends:1').toString()).toBe('sk-live');
});

test('whatever is sealed opens to the same bytes, and never twice to the same sealed form', () => {
  const box = openSecretBox(path);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), fc.string(), (plain, context) => {
    const sealed = box.seal(plain, context);
    expect(new Uint8Array(box.open(sealed, context))).toEqual(plain);
    expect(box.seal(plain, context).equals(sealed)).toBe(false);
  }));
});

test('a changed byte, a cut, or another context does not open', () => {
  const box = openSecretBox(path);
  const sealed = box.seal('sk-live', 'backends:1');
  expect(() => box.open(sealed, 'backends:2')).toThrow(/belongs to another row/);
  fc.assert(fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
    const changed = Buffer.from(sealed);
    changed[at] = changed[at]! ^ flip;
    expect(() => box.open(changed, 'backends:1')).toThrow(/cannot be opened/);
  }));
  fc.assert(fc.property(fc.nat(sealed.length - 1), (length) => {
    expect(() => box.open(sealed.subarray(0, length), 'backends:1')).toThrow(/cannot be opened/);
  }));
});

test('after a rotation the new key seals and the old one still opens', () => {
  const box = openSecretBox(path);
  const old = box.seal('one', 'x');
  box.rotate();
  const fresh = box.seal('two', 'x');
  expect(fresh.subarray(1, 5).equals(old.subarray(1, 5))).toBe(false);
  const again = openSecretBox(path);
  expect([again.open(old, 'x').toString(), again.open(fresh, 'x').toString()]).toEqual(['one', 'two']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a sealed row whose key is gone says which key is missing', () => {
  const sealed = openSecretBox(path).seal('one', 'x');
  rmSync(path);
  expect(() => openSecretBox(path).open(sealed, 'x')).toThrow(`key ${sealed.toString('hex', 1, 5)}`);
});

test.each([
  ['readable by others', (file: string) => chmodSync(file, 0o640), /chmod 600/],
  ['empty', (file: string) => writeFileSync(file, ''), /holds no key/],
  ['garbage', (file: string) => writeFileSync(file, 'tandem-secret-1 zz short\n'), /line 1 is not a key/],
])('a secret file that is %s is refused without being quoted', (_, spoil, message) => {
  openSecretBox(path);
  const secret = /[A-Za-z0-9_-]{43}/.exec(readFileSync(path, 'utf8'))![0];
  spoil(path);
  expect(() => openSecretBox(path)).toThrow(message);
  try {
    openSecretBox(path);
  } catch (error) {
    expect(String(error)).not.toContain(secret);
  }
});
