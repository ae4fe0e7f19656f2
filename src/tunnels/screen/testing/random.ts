import { randomFillSync } from 'node:crypto';

export const systemRandomBytes = (target: Uint8Array): void => void randomFillSync(target);
