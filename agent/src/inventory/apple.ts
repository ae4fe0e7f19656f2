import { readdirSync } from 'node:fs';
import type { RunCommand } from '../machine/command.ts';

/** What of a Mac is asked for by those who lease it. Null: the machine did not say. */
export interface Apple {
  readonly chip: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly memory: string | null;
  readonly macos: string | null;
  /** After a restart with FileVault nobody gets in before somebody has typed a password. */
  readonly fileVault: boolean | null;
  readonly sip: boolean | null;
  /** Versions of Xcode by which a lease asks for one. */
  readonly xcode: readonly string[];
  readonly xcodes: readonly { readonly path: string; readonly version: string }[];
  readonly simulators: readonly string[];
}

/** From Apple's own tools. Not tried on a real Mac: `docs/how/mac.md` says how to. */
export async function takeApple(run: RunCommand): Promise<Apple> {
  const [profile, fileVault, sip, runtimes] = await Promise.all([
    run('system_profiler', ['-json', 'SPHardwareDataType', 'SPSoftwareDataType']), run('fdesetup', ['status']), run('csrutil', ['status']), run('xcrun', ['simctl', 'list', 'runtimes', '-j']),
  ]);
  const xcodes = await Promise.all(xcodePaths().map(async (path) => ({ path, version: readXcode((await run(`${path}/Contents/Developer/usr/bin/xcodebuild`, ['-version'])).out) ?? 'unknown' })));
  return { ...readProfile(profile.out), fileVault: readSwitch(fileVault.out, /FileVault is (On|Off)/), sip: readSwitch(sip.out, /status: (enabled|disabled)/), xcode: xcodes.map(({ version }) => version.split(' ')[0]!).filter((version) => version !== 'unknown'), xcodes, simulators: readRuntimes(runtimes.out) };
}

/** `system_profiler -json`: lists of one object each. */
export function readProfile(text: string): Pick<Apple, 'chip' | 'model' | 'serial' | 'memory' | 'macos'> {
  const all = parsed(text);
  const hardware = firstOf(all, 'SPHardwareDataType');
  const software = firstOf(all, 'SPSoftwareDataType');
  return { chip: textOf(hardware, 'chip_type'), model: textOf(hardware, 'machine_model'), serial: textOf(hardware, 'serial_number'), memory: textOf(hardware, 'physical_memory'), macos: textOf(software, 'os_version') };
}

/** `xcodebuild -version`: "Xcode 16.1", then the build. */
export function readXcode(text: string): string | null {
  const [, version, build] = /^Xcode (\S+)\s+Build version (\S+)/m.exec(text) ?? [];
  return version === undefined ? null : `${version} (${build})`;
}

/** `simctl list runtimes -j`: only those that can be used. */
export function readRuntimes(text: string): string[] {
  const runtimes = parsed(text)['runtimes'];
  if (!Array.isArray(runtimes)) return [];
  return runtimes.slice(0, 100).flatMap((runtime: unknown) => {
    const { name, isAvailable } = (runtime ?? {}) as Record<string, unknown>;
    return typeof name === 'string' && isAvailable === true ? [name.slice(0, 60)] : [];
  });
}

function readSwitch(text: string, pattern: RegExp): boolean | null {
  const word = pattern.exec(text)?.[1];
  return word === undefined ? null : word === 'On' || word === 'enabled';
}

function xcodePaths(): string[] {
  try {
    return readdirSync('/Applications').filter((name) => /^Xcode[^/]*\.app$/.test(name)).map((name) => `/Applications/${name}`);
  } catch {
    return [];
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function firstOf(all: Record<string, unknown>, name: string): unknown {
  const list = all[name];
  return Array.isArray(list) ? list[0] : undefined;
}

function textOf(value: unknown, name: string): string | null {
  const text = (value as Record<string, unknown> | undefined)?.[name];
  return typeof text === 'string' ? text.slice(0, 100) : null;
}
