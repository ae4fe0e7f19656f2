import type { RefObject } from 'react';

/** Where open menus stand in the document: inside the rail, so that they belong to a landmark of the page. */
export const menuPlace: RefObject<HTMLDivElement | null> = { current: null };
