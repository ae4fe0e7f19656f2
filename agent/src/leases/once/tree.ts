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
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter((word) => word !== '').map(Number));
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
