import {
  getLlama, JinjaTemplateChatWrapper, LlamaGrammarEvaluationState, LlamaLogLevel, resolveChatWrapper,
  type ChatHistoryItem, type ChatWrapper, type LlamaContextSequence, type LlamaGrammar, type LlamaModel, type Token,
} from 'node-llama-cpp';
import type { ChatMessage } from './local-engine.ts';
import type { EngineLimits } from './limits.ts';
import { TokenText } from './token-text.ts';

/** A model in memory with its sequences: all that touches the native library lives here and in `generation.ts`. Worker process only. */
export interface LoadedModel {
  readonly contextTokens: number;
  readonly sequences: readonly LlamaContextSequence[];
  /** The prompt as the model's own chat template renders it. Text of messages never becomes a control token. */
  promptTokens(messages: readonly ChatMessage[]): Token[];
  /** True for tokens that end a turn: end-of-generation and every other control token. */
  endsTurn(token: Token): boolean;
  text(): TokenText<Token>;
  /** A fresh walk through a grammar in GBNF. Compiled grammars are kept. @throws Error when it does not compile. */
  grammar(gbnf: string): Promise<LlamaGrammarEvaluationState>;
}

/** Compiled grammars that are kept, oldest out first. */
const KEPT_GRAMMARS = 16;

/**
 * `systemMessage` stands before chats that bring none.
 * @throws Error when the file is no model, memory is short, or the native library does not run here.
 */
export async function loadModel(modelPath: string, limits: EngineLimits, systemMessage?: string): Promise<LoadedModel> {
  const llama = await getLlama({
    // The only binary for Apple silicon is the one for Metal; elsewhere only those for the processor are installed.
    gpu: process.platform === 'darwin' && process.arch === 'arm64' ? 'metal' : false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    maxThreads: limits.threads,
    logLevel: LlamaLogLevel.error,
    // The library's own lines are not ours to check for content, so none are kept.
    logger: () => {},
  });
  const model = await llama.loadModel({ modelPath });
  const contextTokens = Math.min(limits.contextTokens, model.trainContextSize);
  const context = await model.createContext({
    sequences: limits.sequences,
    contextSize: contextTokens,
    threads: limits.threads,
    // A smaller context than asked for would break promises made to callers.
    failedCreationRemedy: false,
  });
  const chat = chatWrapperOf(model);
  const grammars = new Map<string, LlamaGrammar>();

  return {
    contextTokens: Math.min(contextTokens, context.contextSize),
    sequences: Array.from({ length: limits.sequences }, () => context.getSequence()),
    promptTokens: (messages) => {
      const brought = messages[0]?.role === 'system' || systemMessage === undefined;
      const chatMessages: readonly ChatMessage[] = brought ? messages : [{ role: 'system', content: systemMessage }, ...messages];
      const history: ChatHistoryItem[] = chatMessages.map((message) => {
        if (message.role === 'assistant') return { type: 'model', response: [message.content] };
        return { type: message.role, text: message.content };
      });
      const { contextText } = chat.generateContextState({ chatHistory: [...history, { type: 'model', response: [''] }] });
      const tokens = contextText.tokenize(model.tokenizer);
      const { bos, shouldPrependBosToken } = model.tokens;
      return shouldPrependBosToken && bos !== null && tokens[0] !== bos ? [bos, ...tokens] : tokens;
    },
    endsTurn: (token) => model.isEogToken(token) || model.getTokenAttributes(token).control,
    text: () => new TokenText((tokens, before) => model.detokenize(tokens, false, before)),
    grammar: async (gbnf) => {
      let compiled = grammars.get(gbnf);
      if (!compiled) {
        compiled = await llama.createGrammar({ grammar: gbnf });
        if (grammars.size >= KEPT_GRAMMARS) grammars.delete([...grammars.keys()][0]!);
        grammars.set(gbnf, compiled);
      }
      return new LlamaGrammarEvaluationState({ model, grammar: compiled });
    },
  };
}

/** The template in the file, rendered as it is; the library's knowledge of the model where the file has none that works. */
function chatWrapperOf(model: LlamaModel): ChatWrapper {
  const template = model.fileInfo.metadata.tokenizer?.chat_template;
  if (typeof template === 'string' && template.trim() !== '') {
    try {
      return new JinjaTemplateChatWrapper({
        template,
        tokenizer: model.tokenizer,
        functionCallMessageTemplate: 'noJinja',
        joinAdjacentMessagesOfTheSameType: false,
        trimLeadingWhitespaceInResponses: false,
      });
    } catch {
      // A template that cannot be rendered: what the library knows of the model is the next best.
    }
  }
  return resolveChatWrapper(model);
}
