/**
 * Names that people give. Two names that read alike count as one, so that nobody can make a
 * second "production" with a Cyrillic letter in it.
 */

// The letters of Cyrillic and Greek that most fonts draw like Latin ones (Unicode TR 39 has the full list).
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'i', 'ј': 'j', 'к': 'k', 'ӏ': 'l', 'м': 'm', 'н': 'h', 'о': 'o', 'р': 'p', 'ԛ': 'q',
  'ѕ': 's', 'т': 't', 'у': 'y', 'ѵ': 'v', 'ԝ': 'w', 'х': 'x', 'α': 'a', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p',
  'τ': 't', 'υ': 'u', 'χ': 'x', 'ı': 'i', 'ɡ': 'g',
};

/** The form by which names are compared: width, case, spacing, invisible and look-alike letters folded. */
export function foldName(name: string): string {
  const folded = name.normalize('NFKC').toLowerCase().replace(/\p{Cf}/gu, '').replace(/\s+/gu, ' ').trim();
  return Array.from(folded, (letter) => LOOK_ALIKES[letter] ?? letter).join('');
}

/** A name for URLs: ASCII words joined by hyphens, at most 50 characters; `fallback` when nothing is left. */
export function slugOf(name: string, fallback: string): string {
  const words = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const slug = words.join('-').slice(0, 50).replace(/-$/, '');
  return slug === '' ? fallback : slug;
}

/** An e-mail address as it is stored and compared. */
export function foldEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}
