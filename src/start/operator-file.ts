import { TandemError, type Config } from '../base/index.ts';

/** The parts of the operator's file, each read and checked by its room. */
const PARTS = ['backends', 'deadlines', 'egress', 'mdm', 'models', 'oidc', 'organisation', 'providers', 'routing'];

/**
 * Refuses names that no room reads: a slip such as `backend` would else go unnoticed until something is missing.
 * @throws TandemError setting_invalid
 */
export function checkOperatorFile({ file, configFile }: Pick<Config, 'file' | 'configFile'>): void {
  const unknown = Object.keys(file).find((name) => !PARTS.includes(name));
  if (unknown === undefined) return;
  throw new TandemError('setting_invalid', { params: { name: 'TANDEM_CONFIG', reason: `${configFile} has a part ${unknown}; there are ${PARTS.join(', ')}` } });
}
