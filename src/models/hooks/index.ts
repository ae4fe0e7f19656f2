export { ActiveHooks, type ActiveHook } from './active-hooks.ts';
export { HookCaller } from './hook-caller.ts';
export { HookedCalls } from './hooked-calls.ts';
export { HookedReplies } from './hooked-replies.ts';
export { HookFigures } from './hook-figures.ts';
export type { Question } from './hook-notes.ts';
export { Hooks } from './hooks.ts';
