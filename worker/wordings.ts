/** What every refusal says: one HTTP status, and a sentence each of what happened and what to do about it. */
import type { RefusalCode } from '../protocol/refusal.ts'

export interface Wording {
  readonly status: number
  readonly message: string
  readonly hint: string
}

export const WORDINGS: Record<RefusalCode, Wording> = {
  'announcement-expired': {
    status: 401,
    message: 'The announcement is not valid now, or is valid for more than 24 hours.',
    hint: 'Sign a new announcement; serverTimeMs is the time that counts here.',
  },
  'announcement-malformed': {
    status: 400,
    message: 'The announcement cannot be decoded.',
    hint: 'Encode it as PROTOCOL.md describes; nothing may follow the signature.',
  },
  'announcement-network': {
    status: 403,
    message: 'The announcement is for another network.',
    hint: 'Sign the announcement for the network id of this room URL.',
  },
  'announcement-signature': {
    status: 401,
    message: "The announcement's signature does not verify, or its keys are not this peer's.",
    hint: 'Sign it with the identity key that stands in it, and keep the core unchanged when renewing.',
  },
  'approval-malformed': {
    status: 400,
    message: 'The approval cannot be decoded.',
    hint: 'Send an approval as PROTOCOL.md describes it, as base64url.',
  },
  'approval-signature': {
    status: 401,
    message: "The approval is not signed by one of the network's approvers.",
    hint: 'Sign it with the key of the approver whose place stands in it, for this network and this member.',
  },
  'control-malformed': {
    status: 400,
    message: 'The control message is not a JSON object of the expected shape.',
    hint: 'PROTOCOL.md lists the control messages and their fields.',
  },
  'control-too-large': {
    status: 413,
    message: 'The control message is too long.',
    hint: 'Control messages have at most 4,096 characters.',
  },
  'control-unknown': {
    status: 400,
    message: 'The room does not know this type of control message.',
    hint: 'A peer may send peers, renew and bye.',
  },
  declined: {
    status: 403,
    message: 'The approvers of this network have declined.',
    hint: 'Ask again tomorrow, or ask an approver directly.',
  },
  'envelope-kind': {
    status: 400,
    message: 'The room does not know this kind of envelope.',
    hint: 'Kinds are 1 signal, 2 relay, 3 intro, 4 who.',
  },
  'envelope-size': {
    status: 413,
    message: 'The envelope is too large for its kind.',
    hint: 'Split the data into frames of at most 16 KiB; signal, intro and who have smaller bounds.',
  },
  'envelope-truncated': {
    status: 400,
    message: 'The envelope is shorter than its header.',
    hint: 'An envelope begins with kind, home and a 16-byte peer id.',
  },
  flooding: {
    status: 429,
    message: 'This peer went on sending after it had been told to slow down.',
    hint: 'Heed `limited` messages: wait retryAfterMs before sending more.',
  },
  'genesis-clock': {
    status: 400,
    message: 'The genesis was created more than a day from now.',
    hint: 'Correct the clock by serverTimeMs and found the network again.',
  },
  'genesis-malformed': {
    status: 400,
    message: 'The genesis cannot be decoded.',
    hint: 'Send the genesis as PROTOCOL.md describes it, as base64url of at most 1,366 characters.',
  },
  'genesis-signature': {
    status: 401,
    message: "The genesis' signature does not verify.",
    hint: 'Sign it with the key of the creator who stands in it.',
  },
  'genesis-terms': {
    status: 400,
    message: 'The terms of the genesis are out of bounds or contradict its policy.',
    hint: 'PROTOCOL.md lists the bounds; only a consortium has approvers and a threshold.',
  },
  'host-mismatch': {
    status: 401,
    message: 'The ticket is for another host.',
    hint: 'Join by the room URL that the host itself shows; a proxy in front of it must pass the Host header on.',
  },
  internal: {
    status: 500,
    message: 'The service failed to handle this request.',
    hint: 'Try again in a moment; if it stays, tell the operator the time of this answer.',
  },
  'invite-used-up': {
    status: 403,
    message: 'As many people as this invite is for have come in with it.',
    hint: 'Ask whoever gave the invite for another one.',
  },
  'membership-expired': {
    status: 403,
    message: 'The membership is over, or ends before the announcement does.',
    hint: 'Let the announcement end with the membership at the latest; for more time ask whoever let you in.',
  },
  'membership-insufficient': {
    status: 403,
    message: 'Fewer approvals than this network asks for.',
    hint: 'Collect approvals of more approvers: POST /n/NETWORK/waiting answers with those that there are.',
  },
  'membership-malformed': {
    status: 400,
    message: "The announcement's chain cannot be decoded, or is of a kind that this network does not take.",
    hint: 'Show an invite with its acceptance in a private network, or approvals, as PROTOCOL.md describes.',
  },
  'membership-missing': {
    status: 403,
    message: 'This network is closed, and the announcement shows no membership.',
    hint: 'Come with an invite, or ask for approval: POST /n/NETWORK/waiting.',
  },
  'membership-revoked': {
    status: 403,
    message: 'The creator of this network has removed this member, or the invite that he came by.',
    hint: 'Ask the creator; a new session does not change it.',
  },
  'membership-signature': {
    status: 401,
    message: 'A signature in the chain does not verify for this identity in this network.',
    hint: 'Show the chain that was made for the identity that announces it.',
  },
  'method-not-allowed': {
    status: 405,
    message: 'This route does not take this method.',
    hint: 'Room URLs take GET, what is below them POST; PROTOCOL.md lists the routes.',
  },
  'network-name': {
    status: 400,
    message: 'This is not a network name.',
    hint: 'Use 1 to 63 lower-case letters, digits and inner hyphens, such as mainnet, or a whole id, net- and 43 characters.',
  },
  'network-unknown': {
    status: 404,
    message: 'No network with this id is registered here.',
    hint: 'Whoever holds its genesis can register it: POST /networks.',
  },
  'not-approver': {
    status: 403,
    message: 'Only approvers of this network may do this.',
    hint: 'In a private network the creator approves; in a consortium those whom the genesis names.',
  },
  'not-found': {
    status: 404,
    message: 'There is nothing here.',
    hint: 'A room URL looks like /n/mainnet; /networks lists the public networks.',
  },
  'origin-refused': {
    status: 403,
    message: 'Pages of this origin may not join here.',
    hint: "Use the host's own page, or ask its operator to add the origin to EDGE_NET_ORIGINS.",
  },
  'petition-clock': {
    status: 401,
    message: 'The petition was not signed within the last minute.',
    hint: 'Correct the clock by serverTimeMs and sign a new petition.',
  },
  'petition-host': {
    status: 401,
    message: 'The petition is for another host.',
    hint: 'Sign it for the host that it is sent to, with the port if it is not the default.',
  },
  'petition-malformed': {
    status: 400,
    message: 'The petition cannot be decoded, or is for another network or another purpose.',
    hint: 'Send a petition of this purpose for this network, as PROTOCOL.md describes, as base64url.',
  },
  'petition-signature': {
    status: 401,
    message: "The petition's signature does not verify.",
    hint: 'Sign it with the identity key that stands in it.',
  },
  'rate-limited': {
    status: 429,
    message: 'Too many requests from this part of the Internet.',
    hint: 'Wait for retryAfterMs and try again.',
  },
  'registry-full': {
    status: 429,
    message: 'This part of the Internet has founded as many public networks as are listed without members.',
    hint: 'Join one of them, or wait some days: a network without members is not listed for longer.',
  },
  'revocations-malformed': {
    status: 400,
    message: 'The list of revocations cannot be decoded.',
    hint: 'Send the list as PROTOCOL.md describes it, as base64url.',
  },
  'revocations-signature': {
    status: 401,
    message: "The list of revocations is not signed by the network's creator.",
    hint: 'Only the creator removes members.',
  },
  'revocations-stale': {
    status: 409,
    message: 'There is another list of revocations with this number or a higher one.',
    hint: 'Take the newer list from GET /n/NETWORK, add to it, and send it again.',
  },
  'room-full': {
    status: 429,
    message: 'The room has no free place.',
    hint: 'Try again later, or use another network.',
  },
  superseded: {
    status: 410,
    message: 'This peer came back on a newer socket.',
    hint: 'Use the newer socket; the place and its links belong to it.',
  },
  'ticket-clock': {
    status: 401,
    message: 'The ticket was not signed within the last minute.',
    hint: 'Correct the clock by serverTimeMs and sign a new ticket.',
  },
  'ticket-malformed': {
    status: 400,
    message: 'The ticket cannot be decoded.',
    hint: 'A ticket is canonical base64url of at most 4,096 characters, as PROTOCOL.md describes.',
  },
  'ticket-missing': {
    status: 401,
    message: 'The request carries no ticket.',
    hint: 'Offer the WebSocket subprotocols edge-net.1 and the ticket, or send the ticket as the body of a POST.',
  },
  'ticket-purpose': {
    status: 401,
    message: 'The ticket is for another purpose.',
    hint: 'Sign a ticket with purpose join for the WebSocket and one with purpose ice for ICE servers.',
  },
  'ticket-replayed': {
    status: 409,
    message: 'A ticket as new as this one has been used for this peer.',
    hint: 'Sign a new ticket for every connection.',
  },
  'ticket-signature': {
    status: 401,
    message: "The ticket's signature does not verify.",
    hint: 'Sign the ticket with the identity key of its announcement.',
  },
  'upgrade-required': {
    status: 426,
    message: 'This route speaks WebSocket.',
    hint: 'Ask for a WebSocket upgrade.',
  },
  'waiting-full': {
    status: 429,
    message: 'As many people as there are places for wait to be let into this network.',
    hint: 'Ask an approver directly: he can approve whom he knows; or come again later.',
  },
}
