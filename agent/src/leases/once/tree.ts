import { readFileSync, readdirSync } from 'node:fs';

/** All processes that came of one and are its descendants still, the nearest first. Of Linux: elsewhere none is found. */
export function descendantsOf(pid: number): number[] {
  const found: number[] = [];
  for (let next: number[] = [pid]; next.length > 0;) {
    next = next.flatMap(childrenOf);
    found.push(...next);
  }
  return found;
}

function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return (orGone(() => readdirSync(tasks)) ?? []).flatMap((thread) => (orGone(() => readFileSync(`${tasks}/${thread}/children`, 'utf8')) ?? '').split(' ').filter((word) => word !== '').map(Number));
}

/** Undefined: it has ended meanwhile. One thread's end hides no children of the others. */
function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
