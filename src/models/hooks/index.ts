export { ActiveHooks } from './active-hooks.ts';
export { HookCaller } from './hook-caller.ts';
export { HookedCalls } from './hooked-calls.ts';
export { HookedReplies } from './hooked-replies.ts';
export { Hooks } from './hooks.ts';
