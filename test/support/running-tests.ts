import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Keeps what runs at the moment, and since when, in the file `TANDEM_TEST_RUNNING`. A test that spins stops its own time limit from
 * being seen; when the whole run is ended for that, this file says where it was.
 */
export default class RunningTests implements Reporter {
  readonly #file = process.env['TANDEM_TEST_RUNNING'];
  readonly #running = new Map<string, { readonly name: string; readonly sinceMs: number }>();

  onTestModuleStart(module: TestModule): void {
    this.#note(module.id, module.relativeModuleId);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#note(module.id, null);
  }

  onTestCaseReady(test: TestCase): void {
    this.#note(test.id, `  ${test.module.relativeModuleId} > ${test.fullName}`);
  }

  onTestCaseResult(test: TestCase): void {
    this.#note(test.id, null);
  }

  #note(id: string, name: string | null): void {
    if (this.#file === undefined) return;
    if (name === null) this.#running.delete(id);
    else this.#running.set(id, { name, sinceMs: Date.now() });
    writeFileSync(this.#file, JSON.stringify([...this.#running.values()]));
  }
}
