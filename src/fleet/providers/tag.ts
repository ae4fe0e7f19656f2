const TAG = /^tandem-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What stands on a machine that was ordered from here, as its name or tag: with it the order is found again. 43 characters, of letters, digits and dashes. */
export function tagOf(orderId: string): string {
  return `tandem-${orderId}`;
}

/** Null: the text is no such tag. */
export function readTag(text: string | null | undefined): string | null {
  return text !== null && text !== undefined && TAG.test(text) ? text : null;
}
