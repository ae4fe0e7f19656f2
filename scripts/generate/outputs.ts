import { openApiDocument } from '../../src/http/index.ts';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';
import { errorsPage } from './errors-page.ts';
import { faultsPage } from './faults-page.ts';
import { lossesPage } from './losses-page.ts';
import { typesOf } from './types.ts';

/** Every generated file: path from the repository's root → what it must hold. Same input, same bytes. */
export function generatedFiles(): Map<string, string> {
  const document = openApiDocument();
  return new Map([
    ['docs/reference/openapi.json', `${JSON.stringify(document, null, 2)}\n`],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/config.md', configPage()],
    ['docs/reference/cli.md', cliPage()],
    ['docs/reference/faults.md', faultsPage()],
    ['docs/reference/dialect-losses.md', lossesPage()],
    // The console imports these types from here, too: types alone, of which its build has nothing.
    ['src/cli/client/schema.ts', typesOf(document)],
  ]);
}
