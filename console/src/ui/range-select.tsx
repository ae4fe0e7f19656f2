import { RANGES } from '../lib/range.ts';
import type { ShownRange } from '../lib/range.ts';
import { useUrlState } from '../lib/url.ts';
import { FilterSelect } from './filter.tsx';

/** Chooses the range that stands in the address; a stretch that was chosen in a plot is one of the choices while it is shown. */
export function RangeSelect({ range, shortest = '1h' }: { range: ShownRange; shortest?: string }) {
  const [, set] = useUrlState();
  const offered = RANGES.slice(RANGES.findIndex(([id]) => id === shortest));
  return (
    <FilterSelect label="Time" value={range.last ?? 'chosen'} options={range.last === undefined ? [['chosen', 'Chosen in the plot'], ...offered] : offered}
      onChange={(value) => set({ range: value === 'chosen' ? undefined : value, from: undefined, to: undefined })} />
  );
}
