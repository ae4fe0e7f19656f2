export { place } from './place.ts';
export type { Holding, MachineView, Place, Placed, PlacementInput, PlacementRequest, PlacementResult, Quota, Reservation, UnitView, WaitCode, Waiting, Want } from './types.ts';
