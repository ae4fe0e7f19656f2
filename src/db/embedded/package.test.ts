import { expect, test } from 'vitest';
import { findPostgresPackage, libraryLinks } from './package.ts';

test('finds the package of this platform', () => {
  const found = findPostgresPackage();
  expect(found.major).toBe(18);
  expect(found.version).toMatch(/^18\.\d+/);
  expect(found.native).toMatch(/native$/);
});

test('lists the links that its install script would make', async () => {
  const links = await libraryLinks(findPostgresPackage().native);
  expect(links).toContainEqual({ source: 'libpq.so.5.18', target: 'libpq.so.5' });
});

test('names the platform that has none, and what to do', () => {
  expect(() => findPostgresPackage('plan9-vax')).toThrow(
    expect.objectContaining({ code: 'database_platform', message: expect.stringContaining('plan9-vax'), next: expect.stringContaining('DATABASE_URL') }),
  );
});
