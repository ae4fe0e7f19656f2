import { z } from 'zod';
import { TandemError } from '../../base/index.ts';
import { checkUrl, type EgressPolicy } from '../../base/egress/index.ts';
import { readSecret } from '../providers/accounts.ts';
import type { NanoMdmSettings } from './nanomdm.ts';

const text = z.string().min(1).max(300);
const form = z.strictObject({ url: z.string().min(1).max(2_000), devices: z.record(text, z.string().regex(/^[A-Za-z0-9-]{1,80}$/, 'must be an enrolment id such as a UDID')), key: text.optional(), keyFile: text.optional(), keyEnv: text.optional() });

export interface MdmSettings extends NanoMdmSettings {
  /** Enrolment ids at the MDM server by serial number. */
  readonly devices: ReadonlyMap<string, string>;
}

/** The operator's `mdm`; null: there is none. @throws TandemError setting_invalid naming the place in the file. */
export function readMdm(content: unknown, folder: string, env: Readonly<Record<string, string | undefined>>, policy: EgressPolicy): MdmSettings | null {
  if (content === undefined || content === null) return null;
  const parsed = form.safeParse(content);
  const invalid = (where: string, reason: string): TandemError => new TandemError('setting_invalid', { params: { name: `TANDEM_CONFIG: ${where}`, reason } });
  if (!parsed.success) throw invalid(['mdm', ...(parsed.error.issues[0]?.path ?? [])].join('.'), parsed.error.issues[0]?.message ?? 'it is not of the known form');
  const key = readSecret(parsed.data, 'mdm', folder, env);
  if (key === null) throw invalid('mdm', 'needs one of key, keyFile and keyEnv');
  try {
    return { url: checkUrl(parsed.data.url, policy).href.replace(/\/$/, ''), key, devices: new Map(Object.entries(parsed.data.devices)) };
  } catch (error) {
    throw invalid('mdm.url', error instanceof Error ? error.message : 'it is not a URL');
  }
}
