/**
 * Signs the agent's source as a release: `node scripts/agent-release.ts keygen KEYFILE`, then `node scripts/agent-release.ts sign KEYFILE`.
 * On a machine that is no server: agents trust releases because of a key that a server never had.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signedText } from '../agent/src/wire/index.ts';
import { packAgent } from '../src/tunnels/agents/release.ts';

const [verb, keyFile, folder = join(import.meta.dirname, '../agent')] = process.argv.slice(2);
const usage = 'node scripts/agent-release.ts keygen|sign KEYFILE [AGENT_FOLDER]';

if (keyFile === undefined) fail(`Name the key's file: ${usage}`);
else if (verb === 'keygen') keygen(keyFile);
else if (verb === 'sign') await signRelease(keyFile);
else fail(`There is no ${verb}: ${usage}`);

/** A new key; its public half becomes the one that releases from here on trust, beside those before it. */
function keygen(path: string): void {
  if (existsSync(path)) return fail(`${path} is there already.`);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  const list = join(folder, 'release-keys.json');
  const { keys } = JSON.parse(readFileSync(list, 'utf8')) as { keys: string[] };
  writeFileSync(list, `${JSON.stringify({ keys: [...keys, publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] }, null, 2)}\n`);
  console.log(`${path} holds the key; keep it away from servers. ${list} names it: agents that are installed from now on trust it.`);
}

async function signRelease(path: string): Promise<void> {
  const key = createPrivateKey(readFileSync(path));
  const { hash } = await packAgent(folder);
  const own = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const { keys } = JSON.parse(readFileSync(join(folder, 'release-keys.json'), 'utf8')) as { keys: string[] };
  if (!keys.includes(own)) return fail('release-keys.json does not name this key, so the release would not trust the next one. Run keygen here, or add it.');
  writeFileSync(join(folder, 'release.json'), `${JSON.stringify({ hash, signature: sign(null, signedText(hash), key).toString('base64') }, null, 2)}\n`);
  console.log(`Signed ${hash}.`);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 2;
}
