/** For writing another carrier: what it is, how envelopes are bytes, what it must pass, and one in memory to compare with. */
export type { Bytes } from '../../protocol/bytes.ts'
export { encodeEnvelope, readEnvelope } from '../../protocol/envelope.ts'
export type { Envelope, EnvelopeKind } from '../../protocol/envelope.ts'
export {
  MAX_ANNOUNCEMENT_BYTES,
  MAX_INTRO_ENVELOPE_BYTES,
  MAX_RELAY_ENVELOPE_BYTES,
  MAX_SIGNAL_ENVELOPE_BYTES,
} from '../../protocol/limits.ts'
export type { PeerId } from '../../protocol/peer-id.ts'
export { carrierScenarios } from './acceptance.ts'
export type { CarrierScenario, CarrierWorld, ScenarioMember, ScenarioOptions } from './acceptance.ts'
export type { Carrier, CarrierEvents, CarrierSelf } from './carrier.ts'
export { MemoryAir, MemoryCarrier } from './memory.ts'
export type { Arrive } from './memory.ts'
