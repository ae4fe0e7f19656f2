import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { amdCards, nodesOfCard, usersOf, type AmdCard } from '../../inventory/amd/kfd.ts';
import { readRocmSmi } from '../../inventory/amd/tools.ts';
import type { RunCommand } from '../../machine/command.ts';
import type { Device } from '../gpus/devices.ts';
import { FREED, NOT_TO_BE_RESET, type Machine, type Notes } from './machine.ts';

/** The kernel takes a program's things back after its end. */
const LOOKS = 20;
const STEP_MS = 500;
/** A reset of linked cards waits for each of them. */
const RESET_MS = 120_000;

/**
 * Whether nobody uses an AMD card or partition, so that its memory can be looked at. A whole card is reset. Where it is not, what a program leaves in
 * registers and local memory is cleared, which touches nothing of other programs (kernel, "AMDGPU Process Isolation").
 * @param fresh ids of cards that this wipe has reset, with those that are linked with them; added to.
 */
export async function settleAmd(device: Device, name: string, machine: Machine, { found, evidence, unchecked }: Notes, fresh: Set<string>): Promise<boolean> {
  const { root = '/' } = machine;
  const cards = amdCards(root);
  const [card, nodes] = [cards.find(({ uuid }) => uuid === device.uuid), nodesOfCard(cards, device.uuid, device.mig)];
  const users = nodes === undefined ? undefined : await usersAfterAll(() => usersOf(nodes, root), machine);
  if (card === undefined || nodes === undefined || users === undefined) {
    unchecked.push(`memory of ${name}: the kernel does not say who uses it; ${FREED} or read back`);
    return false;
  }
  found.push(...users.map((pid) => `process ${pid} uses ${name} still`));
  if (users.length > 0) return false;
  evidence.push(`no program uses ${name}`);
  const why = device.mig !== null || fresh.has(card.uuid) ? null : machine.mayReset === false ? NOT_TO_BE_RESET : await resetWithLinked(card, cards, machine, fresh);
  if (why === null && device.mig === null) {
    evidence.push(`${name} was reset, which clears its state`);
    return true;
  }
  if (why !== null) unchecked.push(`${name} could not be reset (${why})`);
  const left = nodes.flatMap((node) => clear(card, card.nodes.indexOf(node)) ?? []);
  if (left.length === 0) evidence.push(`registers and local memory of ${name} were cleared`);
  else unchecked.push(`registers and local memory of ${name}: not cleared (${left[0]})`);
  return true;
}

/** Who still computes there once the kernel has had time to take back what ended. */
async function usersAfterAll(users: () => string[] | undefined, { wait }: Machine): Promise<string[] | undefined> {
  for (let look = 1; ; look += 1) {
    const now = users();
    if (now === undefined || now.length === 0 || look === LOOKS) return now;
    await wait(STEP_MS);
  }
}

/**
 * Why the card was not reset; null: it was. Cards that are linked are reset together, whichever of them is named (amd-smi: "Mode-1 gpureset is
 * hive-wide"): so it is not done while another lease has one of them, or any program uses one.
 */
function resetWithLinked(card: AmdCard, cards: readonly AmdCard[], { run, root, whileNoneBegins = (work) => work([]) }: Machine, fresh: Set<string>): Promise<string | null> {
  const linked = card.hive === null ? [card] : cards.filter(({ hive }) => hive === card.hive);
  return whileNoneBegins(async (others) => {
    if (others.some(({ uuid }) => linked.some((one) => one.uuid === uuid))) return 'another lease has a card that is linked with it';
    const users = usersOf(linked.flatMap(({ nodes }) => nodes), root);
    if (users === undefined || users.length > 0) return 'a program uses a card that is linked with it';
    const why = await reset(card.bus, run);
    if (why === null) for (const { uuid } of linked) fresh.add(uuid);
    return why;
  });
}

/** By amd-smi, and where it is not there by rocm-smi. Both may end with 0 and say that it went wrong: what they print counts. */
async function reset(bus: string, run: RunCommand): Promise<string | null> {
  const { code } = await run('amd-smi', ['version']);
  if (code !== null) return outcome(await run('amd-smi', ['reset', '--gpureset', '--gpu', bus], undefined, RESET_MS));
  const listed = await run('rocm-smi', ['--showbus', '--json']);
  if (listed.code === null) return 'neither amd-smi nor rocm-smi is there';
  const number = readRocmSmi(listed.out).find((one) => one.bus === bus)?.number;
  return number === undefined ? 'rocm-smi does not know it' : outcome(await run('rocm-smi', ['--gpureset', '-d', String(number)], undefined, RESET_MS));
}

function outcome({ code, out, err }: Awaited<ReturnType<RunCommand>>): string | null {
  if (code === 0 && /Successfully reset GPU/.test(out)) return null;
  const said = /(?:GPU_RESET:|ERROR:?)\s*(.+)/.exec(`${out}\n${err}`)?.[1] ?? (err || out).trim().split('\n').at(-1) ?? '';
  return said.trim().slice(0, 120) || (code === null ? `it did not end in ${RESET_MS / 1_000} s` : 'no reason was given');
}

/** Why registers and local memory of a partition were not cleared; undefined: they were. @param place of the partition. */
function clear({ device }: AmdCard, place: number): string | undefined {
  try {
    writeFileSync(join(device, 'run_cleaner_shader'), `${place}\n`, { flag: 'r+' });
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'the driver cannot' : `the driver refused: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
}
