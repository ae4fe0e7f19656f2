/** Orders for table columns: by words as a reader of the alphabet does, by numbers of any size, unknown ones first. */
export function byText<T>(pick: (row: T) => string): (a: T, b: T) => number {
  return (a, b) => pick(a).localeCompare(pick(b), 'en', { numeric: true });
}

export function byNumber<T>(pick: (row: T) => bigint | number | string | null | undefined): (a: T, b: T) => number {
  const value = (row: T): bigint | number => {
    const picked = pick(row);
    return picked === null || picked === undefined ? -Infinity : typeof picked === 'string' ? BigInt(picked) : picked;
  };
  return (a, b) => {
    const [left, right] = [value(a), value(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}
