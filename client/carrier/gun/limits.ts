/** Every bound of the Gun carrier, with its reason: a relay is public, and whoever reads it can write to it. */
import type { Rate } from '../../token-bucket.ts'

// ---- time --------------------------------------------------------------------------------------------------------------

/** Names change this often, so that a newcomer fetches an hour of records at most, and nobody follows a network for long. */
export const BUCKET_MS = 3_600_000
/** Clocks of members may differ by this much. Listeners hear the buckets of both ends, and writers date records back by it. */
export const CLOCK_TOLERANCE_MS = 120_000
/** A clock may be set; how late a change of the hour may be noticed is half of what clocks may differ by. */
export const LOOK_AT_CLOCK_MS = 60_000
/** Who has not said for this long that he is there is not: twice the longest wait between two announcements. */
export const PRESENCE_LIFE_MS = 600_000
/** Links give a signal up long before: an attempt at a direct path ends after half a minute. */
export const MAIL_LIFE_MS = 60_000

// ---- writing -----------------------------------------------------------------------------------------------------------

/** A pair overwrites its own records: an attempt is an offer, an answer and a few candidates, each sent two or three times. */
export const SLOTS_PER_PAIR = 16
/** A relay merges what is written to one slot within 9 ms; a slow one needs longer to tell of it. */
export const SLOT_HOLD_MS = 250
/** A page that meets twenty members writes as much in a few seconds. */
export const MAIL_BURST = 256
/** Two links that live on Gun alone, with an acknowledgement or a ping a second. At most 7,456 an hour with the burst. */
export const MAIL_PER_SECOND = 2
/** What waits for a slot or for the rate; older ones give way, since links send again. 1 MiB at most. */
export const MAX_QUEUED_ENVELOPES = 256
/** To how many a carrier remembers which slot comes next; more are rather a flood than a conversation. */
export const MAX_PAIRS = 256

// ---- reading -----------------------------------------------------------------------------------------------------------

/** Nine records of the longest kind, which a relay packs together, are 51 KB; relays batch several such answers. */
export const MAX_GUN_MESSAGE_CHARACTERS = 262_144
/** A relay that floods brings everybody's records: JSON of 1 MiB is parsed in about 10 ms, 1 % of a core. */
export const MAX_GUN_CHARACTERS_PER_SECOND = 1_048_576
/** Of a relay's greetings and answers so many are Gun's business: it answers each, which takes ten times as long as reading it, and says it back. */
export const MAX_GREETINGS_PER_SECOND = 4
/** An envelope of 4 KiB, sealed, in base64url. */
export const MAX_RECORD_CHARACTERS = 5_632
/** Opening one costs some 50 µs: 1 % of a core. The burst is what a newcomer finds in a full room. */
export const OPEN_RATE: Rate = { burst: 512, perSecond: 200 }
/** Records that are being opened, all in memory: 1.4 MB, once for slots of members and once for all others. */
export const MAX_OPENING = 256
/** Of so many slots it is known how new their last record was; a replay in a forgotten one does what any replay does: nothing. */
export const MAX_KNOWN_SLOTS = 4_096
/** Of so many members it is known that they are there, so as to answer newcomers alone; who comes after them is answered by others. */
export const MAX_MEMBERS = 1_024

// ---- relays ------------------------------------------------------------------------------------------------------------

/** TCP, TLS and Gun's greeting over a satellite need 4 s. */
export const RELAY_CONNECT_TIMEOUT_MS = 10_000
/** Gun's own relays say `[]` every 20 s; a silence longer than that is asked about. */
export const RELAY_IDLE_PING_MS = 25_000
export const RELAY_PONG_WAIT_MS = 3_000
/** A host that is there has refused or answered by then, unless it answers sockets alone. */
export const RELAY_PROBE_MS = 3_000
/** Something has changed: the socket is more likely dead than slow. */
export const RELAY_NUDGE_WAIT_MS = 1_000
/** What a relay does not take for this long is dropped: links send again. */
export const RELAY_HIGH_WATER_BYTES = 262_144
