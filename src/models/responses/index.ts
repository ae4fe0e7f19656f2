export { observedCaller } from './observed.ts';
export { Responses } from './responses.ts';
