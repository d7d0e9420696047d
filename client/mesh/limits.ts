/** The bounds of what members of a mesh say to each other. Both sides must agree on them: a message beyond one is none. */

/** Half of a SHA-256: nobody can make two messages that share it, and more would be a tenth of a small message. */
export const MESSAGE_ID_BYTES = 16
/** As many as fit a `mesh_have` or a `mesh_graft`: the count is one byte, and 4 KiB goes in one frame. */
export const MAX_IDS = 255
/** An entry of the ledger with the longest chain of certificates has about 2.6 KB. What is larger goes over links. */
export const MAX_GOSSIP_BYTES = 16_384
/** A random overlay of degree 8 has a diameter of 6 at ten thousand members; trees along it are about twice as deep. */
export const MAX_HOPS = 32
/** A path over neighbours that know each other's members; longer ones are found by seeking anew. */
export const MAX_CARRY_HOPS = 16
/** Told in one shuffle: some 2 KB of announcements without chains. */
export const MAX_SHUFFLED_MEMBERS = 8
/** To whom somebody that is refused can turn. */
export const MAX_ALTERNATIVES = 4
export const CARRY_ID_BYTES = 8
/** The topic of the mesh's own gossip; the others are the network's. */
export const SEEK_TOPIC = 0
/** What a member says to all in his name. */
export const BROADCAST_TOPIC = 1
/** Topics up to this one every mesh judges. */
export const LAST_COMMON_TOPIC = BROADCAST_TOPIC
