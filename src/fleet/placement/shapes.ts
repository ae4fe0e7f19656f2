import type { MachineView } from './types.ts';

/** Machines that differ in nothing but name, labels and who has them: what fits one fits all, so that each kind of request looks at a few. */
export class Shapes {
  readonly #shapes: { readonly example: MachineView; readonly members: number[] }[];

  constructor(machines: readonly MachineView[]) {
    const shapes = new Map<string, { example: MachineView; members: number[] }>();
    for (let index = 0; index < machines.length; index += 1) {
      const key = shapeOf(machines[index]!);
      const shape = shapes.get(key);
      if (shape === undefined) shapes.set(key, { example: machines[index]!, members: [index] });
      else shape.members.push(index);
    }
    this.#shapes = [...shapes.values()];
  }

  /** The machines whose shape passes, in the order of the fleet. */
  matching(passes: (example: MachineView) => boolean): readonly number[] {
    const found = this.#shapes.filter(({ example }) => passes(example));
    return found.length === 1 ? found[0]!.members : [...Int32Array.from(found.flatMap(({ members }) => members)).sort()];
  }
}

function shapeOf({ owner, pool, kind, openTo, rawRoot, mac, units }: MachineView): string {
  let text = `${owner}|${pool}|${kind}|${openTo?.join(',') ?? '*'}|${rawRoot}|${mac === null ? '' : `${mac.class},${mac.xcode.join(',')}`}`;
  let run = 0;
  for (let at = 0; at < units.length; at += 1) {
    const unit = units[at]!;
    run += 1;
    const next = units[at + 1];
    if (next !== undefined && next.kind === unit.kind && next.memoryMb === unit.memoryMb && next.slice === unit.slice) continue;
    text += `|${unit.kind},${unit.memoryMb},${unit.slice}*${run}`;
    run = 0;
  }
  return text;
}
