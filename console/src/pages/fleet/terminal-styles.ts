/**
 * xterm writes its styles into `<style>` elements and `style` attributes of spans, which our policy (`style-src 'self'`) refuses. While a
 * terminal is open, both are taken by ways that the policy knows: a sheet that a script has made, and an element's `style` property.
 */

const STAND_IN = 'tandem-style';
let open = 0;

/** Until `undo`: elements that scripts of this page make take styles as the policy wants it. */
function takeStyles(): () => void {
  open += 1;
  document.createElement = createElement as typeof document.createElement;
  return () => {
    open -= 1;
    // The prototype's own shows again.
    if (open === 0) Reflect.deleteProperty(document, 'createElement');
  };
}

function createElement(name: string, options?: ElementCreationOptions): HTMLElement {
  if (name === 'style') {
    // Holds the text of a style, and shows nothing.
    const held = Document.prototype.createElement.call(document, STAND_IN);
    held.hidden = true;
    return held;
  }
  const element = Document.prototype.createElement.call(document, name, options);
  if (name !== 'span') return element;
  element.setAttribute = function setAttribute(attribute: string, value: string): void {
    if (attribute === 'style') element.style.cssText = value;
    else Element.prototype.setAttribute.call(element, attribute, value);
  };
  return element;
}

/** Applies the styles of a place, and what they become. Begun before anything makes them. Returns the function that ends it. */
export function applyStyles(place: HTMLElement): () => void {
  const undo = takeStyles();
  const sheet = new CSSStyleSheet();
  const watcher = new MutationObserver((changes) => {
    if (changes.some(({ target, addedNodes }) => [target, target.parentNode, ...addedNodes].some(isHeld))) sheet.replaceSync([...place.querySelectorAll(STAND_IN)].map(({ textContent }) => textContent ?? '').join('\n'));
  });
  watcher.observe(place, { childList: true, characterData: true, subtree: true });
  document.adoptedStyleSheets.push(sheet);
  return () => {
    watcher.disconnect();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    undo();
  };
}

const isHeld = (node: Node | null): boolean => node instanceof Element && (node.localName === STAND_IN || node.querySelector(STAND_IN) !== null);
