/** A straight line through points that err. */
interface Trend {
  /** Units of y for each unit of x: the median of the slopes between each two points (Theil and Sen), which one bad point in four does not move. */
  readonly slope: number;
  /** Its standard error, from what the points lie off the line. It knows nothing of an error that all points share. */
  readonly error: number;
}

/** @throws RangeError for fewer than three points, or when all are at one place: their line has no error then. */
export function trendOf(points: readonly { readonly x: number; readonly y: number }[]): Trend {
  const slopes = points.flatMap((one, at) => points.slice(at + 1).filter(({ x }) => x !== one.x).map(({ x, y }) => (y - one.y) / (x - one.x)));
  if (points.length < 3 || slopes.length === 0) throw new RangeError('A trend needs three points, not all at one place.');
  const slope = median(slopes);
  const middle = mean(points.map(({ x }) => x));
  const level = mean(points.map(({ x, y }) => y - slope * x));
  const off = points.reduce((sum, { x, y }) => sum + (y - level - slope * x) ** 2, 0) / (points.length - 2);
  return { slope, error: Math.sqrt(off / points.reduce((sum, { x }) => sum + (x - middle) ** 2, 0)) };
}

function mean(of: readonly number[]): number {
  return of.reduce((sum, one) => sum + one, 0) / of.length;
}

function median(of: readonly number[]): number {
  const sorted = [...of].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
