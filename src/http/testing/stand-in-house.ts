import { startStandIns } from './stand-in-models.ts';
import { openWholeHouse, type WholeHouse } from './whole-house.ts';

export const CHAT = 'stand-in/chat';
export const RESPONSES = 'stand-in/responses';
export const LOCAL = 'tandem/local';

/** Every room, with models on STAND-INS that speak chat completions and responses, and the fake local model; all have a price. */
export interface StandInHouse {
  readonly house: WholeHouse;
  readonly seen: Awaited<ReturnType<typeof startStandIns>>['seen'];
  close(): Promise<void>;
}

export async function openStandInHouse(): Promise<StandInHouse> {
  const standIns = await startStandIns();
  const models = (alias: string) => [{ alias, model: 'stand-in', maxOutputTokens: 1_000 }];
  const house = await openWholeHouse({ file: {
    egress: { allow: ['127.0.0.0/8'] },
    backends: [{ name: 'chat', url: standIns.chatUrl, models: models(CHAT) }, { name: 'responses', kind: 'openai-responses', url: standIns.responsesUrl, models: models(RESPONSES) }],
  } });
  const per = '1000000';
  const ask = house.as(house.operator.adminKey);
  for (const resource of [CHAT, RESPONSES]) {
    await ask('POST', '/api/prices', { resource, source: 'a test', buckets: { input: { price: '1000000000000', per }, cache_read: { price: '100000000000', per }, output: { price: '2000000000000', per } } });
    // A price begins some seconds after it was made.
    for (let tries = 0; (await ask('POST', '/v1/responses', { model: resource, input: 'warm', store: false })).status !== 200; tries += 1) {
      if (tries === 300) throw new Error(`${resource} does not answer`);
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  }
  return {
    house, seen: standIns.seen,
    async close() {
      await house[Symbol.asyncDispose]();
      await standIns.stop();
    },
  };
}
