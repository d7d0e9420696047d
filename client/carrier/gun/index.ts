/** Gun relays as a carrier, for when the room cannot be reached. */
export type { Carrier, CarrierEvents, CarrierSelf } from '../carrier.ts'
export { gunCarrier } from './gun-carrier.ts'
export type { GunCarrier, GunCarrierOptions, GunCarrierStatistics } from './gun-carrier.ts'
export type { GunConstructor } from './gun-graph.ts'
