import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PrefixIndex, keyBlocks, prefixBlocks, promptStart } from './prefix-index.ts';

const system = 'You are a careful assistant. '.repeat(60);
const body = (question: string) => ({ model: 'x', messages: [{ role: 'system', content: system }, { role: 'user', content: [{ type: 'text', text: question }] }] });

test('finds who was sent the longest same beginning, among those that may be asked', () => {
  const index = new PrefixIndex();
  const one = prefixBlocks('a', promptStart(body('first')));
  expect(one.length).toBeGreaterThan(2);
  index.note(one, 7);
  const other = prefixBlocks('a', promptStart(body('second, and longer')));
  expect(index.find(other, () => true)).toEqual({ holder: 7, blocks: one.length });
  expect(index.find(other, (holder) => holder !== 7)).toBeNull();
  index.note(other.slice(0, 1), 8);
  expect(index.find(other, (holder) => holder === 8)).toEqual({ holder: 8, blocks: 1 });
});

test('keeps organisations apart, and says nothing of prompts that are short or begin otherwise', () => {
  const index = new PrefixIndex();
  index.note(prefixBlocks('one organisation', promptStart(body('x'))), 1);
  expect(index.find(prefixBlocks('another', promptStart(body('x'))), () => true)).toBeNull();
  expect(index.find(prefixBlocks('one organisation', `!${promptStart(body('x'))}`), () => true)).toBeNull();
  expect(prefixBlocks('a', 'short')).toEqual([]);
});

test('takes a caller\'s own word for it as one block', () => {
  const index = new PrefixIndex();
  index.note(keyBlocks('a', 'session-17'), 3);
  expect(index.find(keyBlocks('a', 'session-17'), () => true)).toEqual({ holder: 3, blocks: 1 });
  expect(index.find(keyBlocks('a', 'session-18'), () => true)).toBeNull();
});

test('a beginning is all that was noted up to it, and the text that is looked at is bounded', () => {
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.nat(2_047), (word, at) => {
    const text = word.repeat(2_048).slice(0, 2_048);
    const changed = `${text.slice(0, at)}\u0000${text.slice(at + 1)}`;
    const [one, other] = [prefixBlocks('s', text), prefixBlocks('s', changed)];
    const same = one.findIndex((block, index) => block.tag !== other[index]!.tag || block.place !== other[index]!.place);
    expect(same).toBe(text[at] === '\u0000' ? -1 : Math.floor(at / 512));
  }));
  const endless = { messages: Array.from({ length: 10_000 }, () => ({ content: 'word '.repeat(1_000) })) };
  expect(promptStart(endless).length).toBeLessThanOrEqual(32_768);
});
