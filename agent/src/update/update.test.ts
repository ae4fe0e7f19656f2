import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseHash, signedText } from '../wire/index.ts';
import { Versions, decideUpdate } from './update.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const trusted = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const files = { 'package.json': Buffer.from('{}'), 'src/main.ts': Buffer.from('export {};') };
const hash = releaseHash(files);
const signature = sign(null, signedText(hash), privateKey).toString('base64');

describe('an offered release', () => {
  it.each([
    ['is taken when a trusted key has signed it', 'a', { hash, signature }, [trusted], [], true],
    ['is left when it is the same', hash, { hash, signature }, [trusted], [], false],
    ['is left when nobody has signed it', 'a', { hash, signature: null }, [trusted], [], false],
    ['is left when its signature is of another release', 'a', { hash: 'b'.repeat(64), signature }, [trusted], [], false],
    ['is left when its signature is no signature', 'a', { hash, signature: 'x' }, [trusted, 'no key'], [], false],
    ['is left when no key is trusted', 'a', { hash, signature }, [], [], false],
    ['is left when it was tried', 'a', { hash, signature }, [trusted], [hash], false],
    ['is left by an agent that was not installed', undefined, { hash, signature }, [trusted], [], false],
  ])('%s', (_what, own, offer, keys, refused, take) => {
    expect(decideUpdate(own, offer, keys, refused).take).toBe(take);
  });
});

describe('installed releases', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'tandem-versions-'));
    mkdirSync(join(home, 'versions', 'old'), { recursive: true });
    symlinkSync('old', join(home, 'versions', 'current'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it('take over on trial, and stay when they have reported', () => {
    const versions = new Versions(home);
    versions.install(hash, files);
    expect(readlinkSync(join(home, 'versions/current'))).toBe(hash);
    expect(readFileSync(join(home, 'versions/current/src/main.ts'), 'utf8')).toBe('export {};');
    expect([versions.onTrial, readFileSync(join(home, 'versions/trial'), 'utf8')]).toEqual([true, 'old\n']);
    versions.confirm();
    expect(versions.onTrial).toBe(false);
  });

  it('are what was signed, and lie where they belong', () => {
    const versions = new Versions(home);
    expect(() => versions.install('0'.repeat(64), files)).toThrow('another release');
    for (const path of ['../../etc/passwd', '/etc/passwd', 'src/../../x.ts', 'src/x.sh', 'node', 'src/.hidden.ts']) {
      const strange = { ...files, [path]: Buffer.from('x') };
      expect(() => versions.install(releaseHash(strange), strange), path).toThrow('where none belongs');
    }
    expect([readlinkSync(join(home, 'versions/current')), existsSync(join(home, 'versions/trial'))]).toEqual(['old', false]);
  });
});
