import type { RunCommand } from '../../machine/command.ts';
import type { Gpu, Gpus, Partition } from '../card.ts';
import { amdCards, errorsOf, partitionId, sharesMemory, type AmdCard } from './kfd.ts';
import { askTools, type Told, type Tools } from './tools.ts';

/** AMD's cards: what they are cut into by the kernel, what they do by AMD's tools. A machine without both has none. @param root of the file system. */
export async function takeAmd(run: RunCommand, root = '/'): Promise<Gpus> {
  return joinAmd(amdCards(root), await askTools(run), errorsOf);
}

/** @param errors of a card's blocks. */
export function joinAmd(cards: readonly AmdCard[], { tool, told }: Tools, errors: typeof errorsOf): Gpus {
  // Without the kernel's list of what computes nothing can be leased, but the cards are there.
  if (cards.length === 0) return { gpus: eachOnce(told).map((one, index) => gpuOf(index, one.uniqueId === null ? `amd-card-${index}` : `amd-0x${one.uniqueId}`, one)), problems: told.length === 0 ? [] : ['AMD\'s cards cannot be computed on: the kernel does not list them in /sys/class/kfd'], broken: [] };
  const ofCard = (card: AmdCard): Told | undefined => told.find(({ gpuId }) => gpuId === card.nodes[0]!.gpuId) ?? told.find(({ uniqueId }) => uniqueId !== null && card.uuid === `amd-0x${uniqueId}`);
  const gpus = cards.map((card, index): Gpu => {
    const one = ofCard(card);
    const gpu = gpuOf(index, card.uuid, one);
    return { ...gpu, memoryBytes: card.memoryBytes ?? gpu.memoryBytes, ecc: errors(card), mig: card.compute === null ? null : card.nodes.length > 1, migDevices: partitionsOf(card) };
  });
  // The kernel knows a card that fell off the bus for longer than a tool that asks it.
  const lost = tool === null ? [] : cards.filter((card) => ofCard(card) === undefined);
  return { gpus, problems: lost.map((card) => `GPU ${cards.indexOf(card)} at ${card.bus} is not known to ${tool}`), broken: lost.map(({ uuid }) => uuid) };
}

/** What a card is cut into. How much memory a partition has is its part of the card's: the kernel may show several the same memory. */
function partitionsOf(card: AmdCard): Partition[] {
  const count = card.nodes.length;
  if (count < 2) return [];
  const own = !sharesMemory(card);
  return card.nodes.map((node, place) => {
    const part = card.memoryBytes === null ? null : Math.floor(card.memoryBytes / count);
    const memoryBytes = part === null || node.memoryBytes === null ? (part ?? (own ? node.memoryBytes : null)) : Math.min(part, node.memoryBytes);
    // Vendors call 24 GiB 24 GB; whoever asks for so much has it in powers of ten.
    const size = memoryBytes === null ? '' : `.${Math.min(Math.round(memoryBytes / 2 ** 30), Math.floor(memoryBytes / 1e9))}gb`;
    return { uuid: partitionId(card, place), profile: `${(card.compute ?? 'part').toLowerCase()}${size}`, memoryBytes, ...(!own && { sharesMemory: true }) };
  });
}

function gpuOf(index: number, uuid: string, told: Told | undefined): Gpu {
  return {
    vendor: 'amd', index, uuid, name: told?.name ?? 'AMD GPU', memoryBytes: told?.memoryBytes ?? null, usedBytes: told?.usedBytes ?? null, duty: told?.duty ?? null, temperatureC: told?.temperatureC ?? null,
    ecc: { corrected: null, uncorrected: null }, driver: told?.driver ?? null, mig: null, migDevices: [],
  };
}

/** Partitions of one card have its id. */
function eachOnce(told: readonly Told[]): Told[] {
  return told.filter(({ uniqueId }, at) => uniqueId === null || told.findIndex((one) => one.uniqueId === uniqueId) === at);
}
