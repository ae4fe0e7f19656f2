import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unwrapThought, wrapThought, type SealedThought } from './sealed.ts';

const thoughts: fc.Arbitrary<SealedThought> = fc.record({
  sealed: fc.option(fc.record({
    dialect: fc.constantFrom('chat', 'responses', 'messages', 'gemini', 'bedrock', 'local'), kind: fc.constantFrom('signature', 'encrypted', 'redacted'), value: fc.string(),
  })),
  id: fc.option(fc.string({ minLength: 1 })),
});

test('what one dialect sealed comes back from a caller of another as it was', () => {
  fc.assert(fc.property(thoughts, (thought) => {
    const text = wrapThought(thought);
    expect(text).toMatch(/^tandem1\.[\w-]+$/);
    expect(unwrapThought(text)).toEqual(thought);
  }));
});

test('what was not wrapped here is left to the dialect that the caller speaks', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string().map((end) => `tandem1.${end}`), fc.jsonValue().filter((value) => !Array.isArray(value)).map((value) => `tandem1.${Buffer.from(JSON.stringify(value)).toString('base64url')}`)), (text) => {
    expect(unwrapThought(text)).toBeUndefined();
  }));
  for (const text of ['', 'ErUB3Q==', 'tandem1.', 'tandem1.W10']) expect(unwrapThought(text)).toBeUndefined();
});
