/**
 * A fault does its harm and plans its own end; it tells after how long everything is whole again, and within which time
 * afterwards all messages must be through if nothing else has gone wrong.
 */
import type { Random } from '../random.ts'
import { SIDES, type Side } from '../room.ts'
import type { World } from '../world.ts'

export interface Harm {
  /** When it is over, from now. */
  readonly lastsMs: number
  /** From then on: until all that was posted before is through, if this was the only fault. */
  readonly settlesMs: number
  /** From then on: until both sides send over the direct path again; without it, long enough for another attempt. */
  readonly regainsMs?: number
  /** When all is through: what else must be true, if this was the only fault. */
  readonly check?: (isAlone: boolean) => void
}

export type Fault = (world: World, random: Random) => Harm

/** Told at once, a link sends its tail at once: less than the second after which the back-stop would do it anyway. */
export const PROMPT_MS = 900
/** Nobody tells: suspicion takes 750 ms or four round trips, and then the tail goes out. */
export const SUSPICION_MS = 2_500
/** Only the back-stop can help: one to eight seconds apart, and once more when its own frames are lost. */
export const BACKSTOP_MS = 20_000
/** A relay that answers nothing is believed for ten seconds; then it is asked again at up to eight seconds' distance. */
export const RELAY_SILENCE_MS = 32_000

/** News of room that has become free: at once, unless it is lost. */
export const acknowledgedMs = ({ traits }: World): number => (traits.connection.probeLoss > 0 ? BACKSTOP_MS : PROMPT_MS)

export const someSide = (random: Random): Side => random.pick(SIDES)
