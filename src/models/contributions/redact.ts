/** Text in which what looks like a secret or personal data is replaced by a word for it. */
export type Redact = (text: string) => Promise<string>;

/** Our own keys, and tokens where their place says what they are: no list of providers knows these. */
const OWN = /\btdm_[A-Za-z0-9_-]{16,}|\b(?:sk|pk|rk)-[A-Za-z0-9_-]{20,}|(?<=\b[Bb]earer\s{1,4})[A-Za-z0-9._~+/-]{16,}=*|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/g;

/**
 * Loads the libraries (0.2 s once). Secrets by secretlint's recommended rules, e-mail addresses, phone numbers, card numbers
 * and IP addresses by Arcjet's redaction, both on this machine; see docs/decisions/0010. It finds forms, not meanings:
 * names, postal addresses and what is written around stay.
 */
export async function loadRedact(): Promise<Redact> {
  const [{ lintSource }, { creator }, { redact }] = await Promise.all([import('@secretlint/core'), import('@secretlint/secretlint-rule-preset-recommend'), import('@arcjet/redact')]);
  const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator, options: {} }] };
  return async (text) => {
    const { messages } = await lintSource({ source: { filePath: 'contribution.txt', content: text, ext: '.txt', contentType: 'text' }, options: { config } });
    let clean = '';
    let at = 0;
    for (const [from, to] of messages.map(({ range }) => range).toSorted((a, b) => a[0] - b[0])) {
      if (from < at) continue;
      clean += `${text.slice(at, from)}[secret]`;
      at = to;
    }
    clean = (clean + text.slice(at)).replace(OWN, (found) => (/^[A-Z]{2}\d/.test(found) ? '[account number]' : '[secret]'));
    const [redacted] = await redact(clean, { replace: (kind) => `[${String(kind).replaceAll('-', ' ')}]` });
    return redacted;
  };
}

/** Every text of a JSON value, the names of its fields aside. */
export async function redactValue(value: unknown, redact: Redact): Promise<unknown> {
  if (typeof value === 'string') return value.length < 6 ? value : redact(value);
  if (Array.isArray(value)) return Promise.all(value.map((one) => redactValue(one, redact)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, one]) => [name, await redactValue(one, redact)] as const)));
}
