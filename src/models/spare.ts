import type { Clock } from '../base/index.ts';
import type { LocalEngine } from './local/index.ts';
import type { Principal } from './ports.ts';
import type { Registry } from './registry/registry.ts';

export interface SpareOptions {
  readonly registry: Pick<Registry, 'resolve'>;
  readonly engine: Pick<LocalEngine, 'state'> | null;
  readonly clock: Clock;
}

const LOOK_MS = 200;

/** Capacity that no other call wants: what the tier `flex` runs on. */
export class Spare {
  readonly #options: SpareOptions;

  constructor(options: SpareOptions) {
    this.#options = options;
  }

  /**
   * True when a call of this model would keep nobody waiting: nothing waits for the local engine. Other backends tell by
   * refusing, and then who asks waits as they say.
   * @throws TandemError model_not_found
   */
  has(principal: Principal, model: string): boolean {
    const { registry, engine } = this.#options;
    if (registry.resolve(principal, model).backend.kind !== 'local') return true;
    return (engine?.state().queue.waiting ?? 0) === 0;
  }

  /** Resolves when there is some. @throws what `has` throws, and the signal's reason. */
  async wait(principal: Principal, model: string, signal: AbortSignal): Promise<void> {
    while (!this.has(principal, model)) await this.#options.clock.sleep(LOOK_MS, signal);
  }
}
