interface Named {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
}

/** Keys to choose from, each by a name that means it alone: several may have been given one. `word` is what the command line takes for it. */
export function keyChoices(keys: readonly Named[]): { readonly id: string; readonly name: string; readonly word: string }[] {
  const named = Map.groupBy(keys, ({ name }) => name);
  return keys.map(({ id, name, prefix }) => (named.get(name)!.length === 1 ? { id, name, word: name } : { id, name: `${name} (${prefix}…)`, word: id }));
}
