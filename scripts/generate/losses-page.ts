import { LOSSES, type Loss } from '../../src/models/index.ts';
import { literal, page, table } from './markdown.ts';

const NAMES: Readonly<Record<string, string>> = {
  chat: 'OpenAI chat completions', responses: 'OpenAI Responses', messages: 'Anthropic Messages', gemini: 'Gemini generateContent', bedrock: 'Bedrock Converse', local: 'the local engine', every: 'every other',
};
const nameOf = (dialect: string) => NAMES[dialect] ?? dialect;
const BACKENDS = ['chat', 'responses', 'messages', 'gemini', 'bedrock', 'local'];

/** docs/reference/dialect-losses.md */
export function lossesPage(): string {
  const requests = LOSSES.filter(({ of }) => of !== 'answer');
  const to = (backend: Loss['to']) => requests.filter((loss) => loss.to === backend);
  const rows = (losses: readonly Loss[]) => table(['From', 'What', 'Effect', 'Why'], losses.map(({ from, field, effect, why }) => [nameOf(from), literal(field), effect, literal(why)]));
  return page(
    '# What is lost between dialects',
    'A caller and a backend that speak the same dialect lose nothing: bodies and events pass through but for id, model and usage. Between two dialects everything that both have words for '
      + 'goes over unchanged. What one of them lacks stands here: `dropped` asks nothing of an answer, or the backend does it by itself; `changed` says in what way; `refused` is told before any money is held, '
      + 'or another target of the same model takes the call. Tests hold every caller\'s dialect against every backend\'s: what is not carried over and does not stand here fails them.',
    '## Refused whatever the backend', 'A backend of the caller\'s own dialect is not asked for it either.', rows(to('any')),
    ...BACKENDS.flatMap((backend) => [`## To ${nameOf(backend)}`, rows(to(backend as Loss['to']))]),
    '## To every other dialect', rows(to('every')),
    '## Answers', 'What an answer loses on its way from a backend to a caller of another dialect.',
    table(['From', 'To', 'What', 'Effect', 'Why'], LOSSES.filter(({ of }) => of === 'answer').map(({ from, to: caller, field, effect, why }) => [nameOf(from), nameOf(caller), literal(field), effect, literal(why)])),
  );
}
