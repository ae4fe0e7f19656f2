import type { z } from 'zod';
import { wishFaults, type NamedParts } from '../../fleet/index.ts';

/** Refuses a wish that names what placement would not look at. For `superRefine`. */
export function demandOneWish(wish: NamedParts, context: z.core.$RefinementCtx): void {
  for (const { field, why } of wishFaults(wish)) context.addIssue({ code: 'custom', path: [field], message: why });
}
