import { expect, it } from 'vitest';
import { readProfile, readRuntimes, readXcode, takeApple } from './apple.ts';

/** From docs, see fixtures/README.md. */
const PROFILE = JSON.stringify({
  SPHardwareDataType: [{ _name: 'hardware_overview', chip_type: 'Apple M4 Pro', machine_model: 'Mac16,11', machine_name: 'Mac mini', number_processors: 'proc 14:10:4', physical_memory: '64 GB', platform_UUID: '00000000-0000-0000-0000-000000000000', serial_number: 'XXXXXXXXXX' }],
  SPSoftwareDataType: [{ _name: 'os_overview', os_version: 'macOS 15.6 (24G84)', system_integrity: 'integrity_enabled' }],
});

it('reads what Apple\'s tools say (outputs from docs, not macOS)', async () => {
  expect(readProfile(PROFILE)).toEqual({ chip: 'Apple M4 Pro', model: 'Mac16,11', serial: 'XXXXXXXXXX', memory: '64 GB', macos: 'macOS 15.6 (24G84)' });
  expect(readXcode('Xcode 16.4\nBuild version 16F6\n')).toBe('16.4 (16F6)');
  expect(readRuntimes(JSON.stringify({ runtimes: [{ name: 'iOS 18.6', isAvailable: true }, { name: 'iOS 17.0', isAvailable: false }, null] }))).toEqual(['iOS 18.6']);
  const said: Record<string, string> = { system_profiler: PROFILE, fdesetup: 'FileVault is On.\n', csrutil: 'System Integrity Protection status: enabled.\n' };
  expect(await takeApple(async (program) => ({ code: 0, out: said[program] ?? '', err: '' }))).toMatchObject({ chip: 'Apple M4 Pro', fileVault: true, sip: true, simulators: [] });
});

it('says that it does not know what it was not told', async () => {
  expect(await takeApple(async () => ({ code: null, out: '', err: '' }))).toEqual({ chip: null, model: null, serial: null, memory: null, macos: null, fileVault: null, sip: null, xcode: [], xcodes: [], simulators: [] });
  expect([readProfile('[1'), readProfile('null'), readRuntimes('{"runtimes":3}'), readXcode('')]).toEqual([{ chip: null, model: null, serial: null, memory: null, macos: null }, { chip: null, model: null, serial: null, memory: null, macos: null }, [], null]);
});
