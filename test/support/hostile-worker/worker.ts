/**
 * The Worker as a malicious host runs it: the repository's own, with a malicious room in front of each honest one, a door
 * that can be left open, and a record of every request. `POST /hostile/NETWORK` tells it what to do.
 */
import { toBase64Url, utf8 } from '../../../protocol/bytes.ts'
import { TICKET_CLOCK_TOLERANCE_MS } from '../../../protocol/limits.ts'
import { peerIdOf } from '../../../protocol/peer-id.ts'
import { decodeTicket } from '../../../protocol/ticket.ts'
import { app } from '../../../worker/app.ts'
import { admissionRequest } from '../../../worker/door.ts'
import type { Settings } from '../../../worker/settings.ts'
import type { Answer, Command, Lies } from './command.ts'
import type { HostileRoom } from './room.ts'

export { Charter } from '../../../worker/charter.ts'
export { Registry } from '../../../worker/registry.ts'
export { Room } from './room.ts'

const CONTROL = '/hostile/'
/** An announcement that a lying door passes on is as good as any. */
const AN_HOUR_MS = 3_600_000
/** Of the isolate, like the door itself: networks whose door lets every ticket in, whatever date it bears. */
const openDoors = new Set<string>()
const liesAbout = new Map<string, Lies>()
const requests: string[] = []

export default {
  fetch: async (request, settings, context) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith(CONTROL)) {
      const answer = await obey(pathname.slice(CONTROL.length), await request.json<Command>(), settings)
      return Response.json(answer)
    }
    const body = request.method === 'POST' ? await request.clone().text() : ''
    requests.push([request.url, ...[...request.headers].flat(), body].join('\n'))
    const [, , network = '', office] = pathname.split('/')
    const isJoin = request.headers.get('Upgrade') === 'websocket'
    if (isJoin && openDoors.has(network)) return letIn(request, network, settings)
    const lies = isJoin ? undefined : liesAbout.get(network)
    if (lies?.hidesRevocations && office === 'revocations') return Response.json({ number: 1 })
    const honest = await app.fetch(request, settings, context)
    return lies && honest.ok ? twisted(honest, office, lies) : honest
  },
} satisfies ExportedHandler<Settings>

async function obey(network: string, command: Command, settings: Settings): Promise<Answer> {
  const room = settings.ROOM.getByName(network) as unknown as HostileRoom
  if (command.do === 'attack') await room.attack(command.order)
  if (command.do === 'repent' || command.do === 'redeploy') {
    openDoors.delete(network)
    await (command.do === 'repent' ? room.repent() : room.redeploy())
  }
  if (command.do === 'open-door') openDoors.add(network)
  if (command.do === 'lie') liesAbout.set(network, command.lies)
  const seen = command.do === 'seen' ? await room.seen() : []
  const heard = command.do === 'seen' ? requests.map((text) => toBase64Url(utf8(text))) : []
  const [tampered, admitted] = await Promise.all([room.tampered(), room.admitted()])
  return { tampered, admitted, seen: [...seen, ...heard] }
}

/** What is said instead of the truth. */
async function twisted(honest: Response, office: string | undefined, lies: Lies): Promise<Response> {
  const headers = { 'Access-Control-Allow-Origin': '*' }
  if (office === 'waiting' && lies.approvals) return Response.json({ approvals: lies.approvals }, { headers })
  if (office !== undefined) return honest
  const { revocations, ...description } = await honest.json<Record<string, unknown>>()
  const shown = lies.hidesRevocations ? {} : { revocations }
  return Response.json({ ...description, ...shown, ...lies.description }, { headers })
}

/** No question asked: the ticket's peer gets in, whatever the date of its ticket. */
async function letIn(request: Request, network: string, settings: Settings): Promise<Response> {
  const protocols = request.headers.get('Sec-WebSocket-Protocol')?.split(',') ?? []
  const ticket = decodeTicket(protocols.at(-1)?.trim() ?? '')
  if (!ticket) return new Response(null, { status: 400 })
  const isOfNow = Math.abs(ticket.issuedAtMs - Date.now()) < TICKET_CLOCK_TOLERANCE_MS
  const admission = {
    peerId: await peerIdOf(ticket.announcement.core),
    ticketIssuedAtMs: isOfNow ? ticket.issuedAtMs : Date.now(),
    announcementExpiresAtMs: Date.now() + AN_HOUR_MS,
    announcement: toBase64Url(ticket.announcement.bytes),
  }
  return settings.ROOM.getByName(network).fetch(admissionRequest(admission, undefined))
}
