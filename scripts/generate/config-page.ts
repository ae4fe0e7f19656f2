import { SETTINGS } from '../../src/base/index.ts';
import { OPERATOR_EXAMPLE, OPERATOR_FIELDS } from './operator-file.ts';
import { page, table } from './markdown.ts';

/** docs/reference/config.md */
export function configPage(): string {
  const rows = Object.values(SETTINGS).map(({ name, fallback, about }) => [`\`${name}\``, fallback === '' ? '' : `\`${fallback}\``, about]);
  return page(
    '# Configuration',
    'Settings come from the environment. A setting that is not valid stops the start and is named.',
    table(['Setting', 'Default', 'What it does'], rows),
    '## The operator\'s file',
    'A JSON object at `$TANDEM_HOME/config.json`, or where `TANDEM_CONFIG` says. It is read at start; what is not valid in it stops the start and is named by its place. '
      + 'It may hold secrets, so give it mode 0600; `keyFile`, `keyEnv` and `clientSecretFile` keep them elsewhere.',
    table(['Field', 'What it does'], OPERATOR_FIELDS.map(([field, about]) => [`\`${field}\``, about])),
    `An example that uses every field:\n\n\`\`\`json\n${JSON.stringify(OPERATOR_EXAMPLE, null, 2)}\n\`\`\``,
  );
}
