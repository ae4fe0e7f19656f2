import { TandemError } from '../../base/index.ts';
import type { ProviderClient } from '../providers/provider-client.ts';

export interface NanoMdmSettings {
  readonly url: string;
  /** Of its API: NanoMDM's switch `-api`. */
  readonly key: string;
}

/** The name that NanoMDM's API wants with every key. */
const USER = 'nanomdm';

/**
 * An MDM server that speaks NanoMDM's API: `PUT /v1/enqueue/ID` with a command as a property list, HTTP basic authentication, an answer in JSON
 * (github.com/micromdm/nanomdm, docs/openapi.yaml and docs/operations-guide.md, v0.9). From docs: tried against a stand-in alone.
 */
export class NanoMdm {
  readonly #settings: NanoMdmSettings;
  readonly #client: Pick<ProviderClient, 'send'>;

  constructor(settings: NanoMdmSettings, client: Pick<ProviderClient, 'send'>) {
    this.#settings = settings;
    this.#client = client;
  }

  /**
   * Queues Erase All Content and Settings for one Mac and has Apple tell it. The same command's id again is the same command.
   * `DoNotObliterate`: a Mac that cannot erase itself so stays as it is, rather than without a system (Apple, EraseDeviceCommand).
   * @throws TandemError mdm_failed.
   */
  async erase(device: string, command: string): Promise<void> {
    const { url, key } = this.#settings;
    const answer = await this.#client.send({
      method: 'PUT', url: `${url}/v1/enqueue/${encodeURIComponent(device)}`, headers: { authorization: `Basic ${Buffer.from(`${USER}:${key}`).toString('base64')}`, 'content-type': 'application/xml' }, body: eraseCommand(command),
    }).catch((error: unknown) => {
      throw failed(error instanceof Error ? error.message : 'it did not answer');
    });
    if (answer.status === 401 || answer.status === 403) throw failed('it refuses the key');
    const reason = reasonOf(answer.text, device);
    if (answer.status !== 200 || reason !== null) throw failed(reason ?? `it answered ${answer.status}`);
  }
}

/** Apple's property list of the command. Both values are ids of ours. */
export function eraseCommand(command: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Command</key><dict>
<key>RequestType</key><string>EraseDevice</string>
<key>ObliterationBehavior</key><string>DoNotObliterate</string>
</dict>
<key>CommandUUID</key><string>${command}</string>
</dict></plist>
`;
}

/** Null: the command was queued. A push that failed is one too: a Mac that nobody wakes fetches it when it likes, which is too late. */
function reasonOf(text: string, device: string): string | null {
  try {
    const { command_error: all, push_error: push, status } = JSON.parse(text) as { command_error?: unknown; push_error?: unknown; status?: Record<string, { command_error?: unknown; push_error?: unknown }> };
    const own = status?.[device];
    const [first] = [own?.command_error, own?.push_error, all, push].filter((one) => typeof one === 'string' && one !== '');
    return first === undefined ? null : String(first).slice(0, 200);
  } catch {
    return 'it answered no JSON';
  }
}

function failed(reason: string): TandemError {
  return new TandemError('mdm_failed', { params: { reason } });
}
