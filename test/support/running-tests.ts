import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Keeps what runs at the moment, and since when, in the file `TANDEM_TEST_RUNNING`. A test that spins stops its own time limit from
 * being seen; when the whole run is ended for that, this file says where it was.
 */
export default class RunningTests implements Reporter {
  readonly #file = process.env['TANDEM_TEST_RUNNING'];
  readonly #running = new Map<string, { readonly module: string; readonly name: string; readonly sinceMs: number }>();
  /** What is told of a test may come after it is over: nothing of a module that has ended runs. */
  readonly #ended = new Set<string>();

  onTestModuleStart(module: TestModule): void {
    this.#begun(module.id, module.id, module.relativeModuleId);
  }

  onTestModuleEnd({ id }: TestModule): void {
    this.#ended.add(id);
    for (const [key, { module }] of this.#running) if (module === id) this.#running.delete(key);
    this.#write();
  }

  onTestCaseReady(test: TestCase): void {
    this.#begun(test.id, test.module.id, `  ${test.module.relativeModuleId} > ${test.fullName}`);
  }

  onTestCaseResult(test: TestCase): void {
    this.#running.delete(test.id);
    this.#write();
  }

  #begun(key: string, module: string, name: string): void {
    if (this.#ended.has(module)) return;
    this.#running.set(key, { module, name, sinceMs: Date.now() });
    this.#write();
  }

  #write(): void {
    if (this.#file !== undefined) writeFileSync(this.#file, JSON.stringify([...this.#running.values()].map(({ name, sinceMs }) => ({ name, sinceMs }))));
  }
}
