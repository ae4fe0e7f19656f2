/** Exit codes of every verb, as `gh` has them. */
export const EXIT = { ok: 0, error: 1, usage: 2, login: 4, pending: 8 } as const;
