/** Every attack by its name. Each call makes one with a state of its own. */
import type { MakeAttack } from '../attack.ts'
import { ANNOUNCEMENTS } from './announcements.ts'
import { CARRIAGE } from './carriage.ts'
import { CROSSINGS } from './crossings.ts'
import { FORGERIES } from './forgeries.ts'
import { LIES } from './lies.ts'
import { REPLAYS } from './replays.ts'

export const ATTACKS: Readonly<Record<string, MakeAttack>> = {
  ...ANNOUNCEMENTS,
  ...CARRIAGE,
  ...CROSSINGS,
  ...FORGERIES,
  ...LIES,
  ...REPLAYS,
}
