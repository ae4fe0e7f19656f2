/** Longer ones are refused by Bedrock (`ToolUseBlock`). */
const MOST_CHARACTERS = 64;

/**
 * The id of a tool's call in the few characters that Anthropic's API and Bedrock take, the same for a call and its result. Models number
 * calls at the end, as in `functions.get_time:0`, so that is kept of a long one.
 */
export function plainCallId(id: string): string {
  return id.replace(/[^\w-]/g, '_').slice(-MOST_CHARACTERS) || '_';
}
