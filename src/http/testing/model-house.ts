import { SeveralBackends } from '../../models/testing/several-backends.ts';
import type { ModelApi } from '../faces.ts';
import { echoModels, startShell, type TestShell } from './shell.ts';

/** The HTTP surface in front of several backends, each of which is a stand-in: see `SeveralBackends`. */
export class ModelHouse extends SeveralBackends {
  #shell: TestShell | undefined;

  /** @returns the house's origin. */
  async open(kinds: Parameters<SeveralBackends['start']>[0]): Promise<string> {
    await this.start(kinds);
    const models: ModelApi = {
      ...echoModels,
      speaks: () => true,
      call: (dialect, input, sink) => this.call(dialect, input, sink),
      countTokens: (input) => this.countTokens(input),
      list: () => ({ object: 'list', data: this.aliases().map(({ name }) => ({ id: name })) }),
      entries: () => this.aliases().map(({ name, createdAtMs, targets }) => ({ id: name, createdAtMs, contextTokens: targets[0]!.contextTokens, maxOutputTokens: targets[0]!.maxOutputTokens })),
      status: () => ({ object: 'status' }),
    };
    this.#shell = await startShell({ models });
    return this.#shell.url;
  }

  async close(): Promise<void> {
    await this.#shell?.[Symbol.asyncDispose]();
    await this.stop();
  }
}
