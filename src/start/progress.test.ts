import { expect, test } from 'vitest';
import { createProgressBar } from './progress.ts';

function record(isTTY: boolean) {
  const written: string[] = [];
  return { written, out: { isTTY, write: (text: string) => void written.push(text) } };
}

test('a service log gets a line at each quarter, once', () => {
  const { written, out } = record(false);
  const bar = createProgressBar('Model', out);
  for (let received = 0; received <= 100; received += 1) bar.update({ receivedBytes: received * 1e6, totalBytes: 100e6 });
  bar.end();
  expect(written).toEqual([0, 25, 50, 75, 100].map((step) => `Model: ${step}%, ${step} of 100 MB\n`));
});

test('a terminal gets a bar in place that ends with a line break', () => {
  const { written, out } = record(true);
  const bar = createProgressBar('Model', out);
  bar.update({ receivedBytes: 50e6, totalBytes: 100e6 });
  bar.update({ receivedBytes: 50.1e6, totalBytes: 100e6 });
  bar.end();
  expect(written).toEqual(['\rModel [###############...............]  50%  50 of 100 MB', '\n']);
});

test('a download that is done shows it, and ends once', () => {
  const { written, out } = record(true);
  const bar = createProgressBar('Model', out);
  bar.update({ receivedBytes: 98e6, totalBytes: 100e6 });
  bar.end(true);
  bar.end();
  expect(written.slice(1)).toEqual(['\rModel [##############################] 100%  100 of 100 MB', '\n']);
});

test('an unknown size is no division by zero', () => {
  const { written, out } = record(false);
  createProgressBar('Model', out).update({ receivedBytes: 5, totalBytes: 0 });
  expect(written).toEqual(['Model: 0%, 0 of 0 MB\n']);
});
