/** Turns tokens to text as they come, in whole characters: a character may be spread over several tokens. */
export class TokenText<Token> {
  readonly #detokenize: (tokens: readonly Token[], before: readonly Token[]) => string;
  /** Tokens whose last character is not whole yet, and how much of their text was shown already. */
  #open: Token[] = [];
  #shown = 0;
  #before: Token[] = [];

  constructor(detokenize: (tokens: readonly Token[], before: readonly Token[]) => string) {
    this.#detokenize = detokenize;
  }

  /** The whole characters that this token completes. */
  push(token: Token): string {
    this.#open.push(token);
    const text = this.#detokenize(this.#open, this.#before);
    const whole = text.replace(/\ufffd+$/, '');
    const broken = this.#open.length >= MAX_OPEN_TOKENS;
    const end = broken ? text.length : whole.length;
    const fresh = text.slice(this.#shown, Math.max(this.#shown, end));
    this.#shown = Math.max(this.#shown, end);
    if (whole.length === text.length || broken) {
      // The few tokens before tell a tokenizer whether a space belongs in front.
      this.#before = [...this.#before, ...this.#open].slice(-4);
      this.#open = [];
      this.#shown = 0;
    }
    return fresh;
  }
}

/** A model may make bytes that never become a character. After this many tokens they are shown as what they are. */
const MAX_OPEN_TOKENS = 24;
