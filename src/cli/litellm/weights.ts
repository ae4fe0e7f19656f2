import type { Deployment } from './deployments.ts';

const MOST = 1000;

/**
 * Whole weights of one name's deployments. LiteLLM picks by `weight` where it is given, else by `rpm`, else by `tpm`, else evenly.
 */
export function weightsOf(deployments: readonly Pick<Deployment, 'weight' | 'rpm' | 'tpm'>[]): number[] {
  for (const field of ['weight', 'rpm', 'tpm'] as const) {
    const given = deployments.map((deployment) => deployment[field]);
    if (given.some((value) => value !== undefined && value > 0)) return scaled(given.map((value) => value ?? 0));
  }
  return deployments.map(() => 1);
}

/** Shares as near to the given ones as whole numbers up to 1,000 come; what is above 0 stays so. */
function scaled(given: readonly number[]): number[] {
  const whole = given.every(Number.isInteger) ? given : given.map((value) => Math.round(value * 100));
  const divisor = whole.reduce(greatestDivisor, 0) || 1;
  const least = whole.map((value) => value / divisor);
  const most = Math.max(...least);
  return most <= MOST ? least : least.map((value) => (value === 0 ? 0 : Math.max(1, Math.round((value * MOST) / most))));
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
