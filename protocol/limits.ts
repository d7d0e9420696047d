/**
 * Every bound that both sides of the wire must agree on, each with its unit in its name and its reason beside it.
 * Bounds that only one side needs stand beside the code that enforces them.
 */

/** The WebSocket subprotocol; its number changes when an old client and a new room could misunderstand each other. */
export const SUBPROTOCOL = 'edge-net.1'

// ---- identity, announcement, ticket --------------------------------------------------------------------------------

export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
export const PEER_ID_BYTES = 16

/** A display name: long enough for a person's name in any script, short enough for a list row. */
export const MAX_NAME_BYTES = 64
/** Capabilities are short words such as `gpu` or `vectors`; a peer advertises a few. */
export const MAX_CAPABILITIES = 8
export const MAX_CAPABILITY_BYTES = 32
/** A chain of certificates for a closed network: owner, invite, member, and up to ten approvals. */
export const MAX_CHAIN_BYTES = 2_048
/** Core 96, fixed fields 17, name 65, capabilities 265, chain 2,050, signature 64 bytes, and a few to spare. */
export const MAX_ANNOUNCEMENT_BYTES = 2_560
/** An announcement outlives a working day in a background tab, and a stolen one is worthless tomorrow. */
export const MAX_ANNOUNCEMENT_AGE_MS = 24 * 3_600_000

/** A DNS name has at most 253 characters; a port adds six. RFC 1035 section 2.3.4. */
export const MAX_HOST_BYTES = 255
/** A ticket travels as a WebSocket subprotocol, so it shares the request's header budget (16 KB at the edge). */
export const MAX_TICKET_CHARACTERS = 4_096
/** A ticket is used at once; the minute is for clocks, not for waiting. */
export const TICKET_CLOCK_TOLERANCE_MS = 60_000

// ---- networks and membership -----------------------------------------------------------------------------------------

/** A paragraph for whoever chooses a network. */
export const MAX_DESCRIPTION_BYTES = 512
/** A consortium of more is a network of its own; ten approvals are a chain of 712 bytes. */
export const MAX_APPROVERS = 10
/** More would hardly ever confirm anything. */
export const MAX_CONFIRMATIONS = 16
/** Below three links a random overlay falls apart; above 32 it is a full mesh. */
export const MIN_DEGREE = 3
export const MAX_DEGREE = 32
/** An entry of a writer is at least a millisecond after the one before, and a network that wants fewer than one an hour wants none. */
export const MIN_ENTRY_GAP_MS = 1
export const MAX_ENTRY_GAP_MS = 3_600_000
/** Fixed fields 47, name 65, description 514, approvers 321, signature 64 bytes, and a few to spare. */
export const MAX_GENESIS_BYTES = 1_024
/** A membership or an invite without an end: the largest u48. */
export const NEVER_MS = 2 ** 48 - 1
/** An invite for more people is a public network. The host remembers every use. */
export const MAX_INVITE_USES = 1_000
/** A list of 32 KiB, which is one message; a network that removes more people founds itself anew. */
export const MAX_REVOKED = 1_024
/** What a newcomer says to those who decide: a sentence or two. */
export const MAX_NOTE_BYTES = 200
/** Fixed fields 136, host 256, name 65, note 201, subject 33 bytes, in base64url. */
export const MAX_PETITION_CHARACTERS = 1_024

// ---- envelopes and frames ------------------------------------------------------------------------------------------

/** Kind, home and peer id in front of the sealed bytes. */
export const ENVELOPE_HEADER_BYTES = 18
/** Incarnation, counter and GCM tag. */
export const SEAL_OVERHEAD_BYTES = 4 + 8 + 16
/** Every WebRTC stack carries 16 KiB messages whole, and a relay interleaves senders fairly at this size. */
export const MAX_FRAME_BYTES = 16_384
export const FRAME_HEADER_BYTES = 16
export const MAX_FRAME_PAYLOAD_BYTES = MAX_FRAME_BYTES - FRAME_HEADER_BYTES
/** `relay` envelopes carry one sealed frame. */
export const MAX_RELAY_ENVELOPE_BYTES = ENVELOPE_HEADER_BYTES + SEAL_OVERHEAD_BYTES + MAX_FRAME_BYTES
/** `signal` envelopes carry offers, answers, candidates, acks: an offer with 16 candidates is about 1.5 KB. */
export const MAX_SIGNAL_ENVELOPE_BYTES = 4_096
/** `intro` envelopes carry an announcement and one small sealed frame. */
export const MAX_INTRO_ENVELOPE_BYTES = 3_072 + ENVELOPE_HEADER_BYTES

/** A message is at most this long: it is reassembled in memory at the other side. */
export const MAX_MESSAGE_BYTES = 16 * 1_048_576
/** What a frame costs of window and credit besides its payload: about what it costs in memory, so that empty ones are not free. */
export const FRAME_COST_BYTES = 64
/** What every link may hold of frames that overtook others, parts of messages, and messages nobody has taken. */
export const LINK_CREDIT_BYTES = 1_048_576

// ---- control messages ----------------------------------------------------------------------------------------------

/** A `renew` with the largest announcement in base64url is about 3.5 KB. */
export const MAX_CONTROL_CHARACTERS = 4_096
/** Up to this many members everybody knows everybody; above it a newcomer gets a random sample of this size. */
export const FULL_LIST_PEERS = 32
/** In a large room a join is told to this many random members, so that its cost does not grow with the room. */
export const JOIN_NOTICE_PEERS = 8
/** The text the room answers by itself, without waking; anything else would wake it. */
export const PING_TEXT = 'ping'
export const PONG_TEXT = 'pong'
/** A socket without `bye` keeps its place this long: a reconnection over a lost network takes 1 to 5 s. */
export const GRACE_MS = 8_000
