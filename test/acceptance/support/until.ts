/** Looks again and again, for a quarter of a minute and what the looks take, until what is seen is as it should be. @throws Error with what was seen last. */
export async function until<T>(what: string, look: () => T, holds: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const seen = look();
    if (holds(seen)) return seen;
    if (tries === 300) throw new Error(`never ${what}: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
