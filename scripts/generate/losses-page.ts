import { BACKEND_DIALECTS, type Loss } from '../../src/models/index.ts';
import { literal, page, table } from './markdown.ts';

const NAMES: Readonly<Record<string, string>> = {
  chat: 'OpenAI chat completions', responses: 'OpenAI Responses', messages: 'Anthropic Messages', gemini: 'Gemini generateContent', bedrock: 'Bedrock Converse', every: 'every other',
};

/** docs/reference/dialect-losses.md */
export function lossesPage(): string {
  const rows = (losses: readonly Loss[]) => losses.map(({ from, field, effect, why }) => [NAMES[from] ?? from, literal(field), effect, literal(why)]);
  return page(
    '# What is lost between dialects',
    'A caller and a backend that speak the same dialect lose nothing: bodies and events pass through but for id, model and usage. Between two dialects everything that both have words for '
      + 'goes over unchanged. What one of them lacks stands here: `dropped` asks nothing of an answer, or the backend does it by itself; `changed` says in what way; `refused` is told before any money is held, '
      + 'or another target of the same model takes the call.',
    ...Object.values(BACKEND_DIALECTS).flatMap(({ name, losses }) => [`## To ${NAMES[name] ?? name}`, losses.length === 0 ? 'Nothing.' : table(['From', 'What', 'Effect', 'Why'], rows(losses))]),
  );
}
