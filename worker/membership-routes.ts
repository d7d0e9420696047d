/**
 * What members of closed networks, and those who want to be, tell a network's charter. Whatever a body says is signed by
 * whoever says it, and proven here, so that strangers cost the charter nothing; who may say it stands in the genesis.
 */
import type { Hono } from 'hono'
import {
  approvalIsGenuine,
  approvalsNeeded,
  approversOf,
  decodeApproval,
  encodeApproval,
  type Approval,
} from '../protocol/approval.ts'
import { compareBytes, fromBase64Url, toBase64Url, type Bytes } from '../protocol/bytes.ts'
import type { ReviewAnswer, WaitingAnswer } from '../protocol/http.ts'
import { KEY_BYTES, MAX_PETITION_CHARACTERS, MAX_REVOKED, SIGNATURE_BYTES } from '../protocol/limits.ts'
import { parseNetworkId } from '../protocol/network.ts'
import { provePetition, type Petition, type PetitionPurpose } from '../protocol/petition.ts'
import type { RefusalCode } from '../protocol/refusal.ts'
import { proveRevocations } from '../protocol/revocations.ts'
import { charterOf } from './charter.ts'
import { knownNetworks, type KnownNetwork } from './known-networks.ts'
import { isRateLimited, RATE_WINDOW_MS, sourceOf } from './rate-limits.ts'
import { base64UrlCharacters, corsHeaders, nameFault, refuseAndCount, shortText, type RouteContext } from './route.ts'
import type { Settings } from './settings.ts'
import type { Rule } from './waiting-room.ts'

/** Number, time, count, and the signature around the keys. */
const MAX_REVOCATIONS_BYTES = 4 + 6 + 4 + MAX_REVOKED * KEY_BYTES + SIGNATURE_BYTES
const APPROVAL_BYTES = KEY_BYTES + 1 + 6 + SIGNATURE_BYTES

/** What somebody sent to a network that is registered here. */
interface Letter {
  readonly network: string
  readonly networkId: Bytes
  readonly known: KnownNetwork
  readonly context: RouteContext
}

export function addMembershipRoutes(app: Hono<{ Bindings: Settings }>): void {
  app.post('/n/:network/revocations', letters(base64UrlCharacters(MAX_REVOCATIONS_BYTES), takeRevocations))
  app.post('/n/:network/waiting', letters(MAX_PETITION_CHARACTERS, takePlace))
  app.post('/n/:network/reviews', letters(MAX_PETITION_CHARACTERS, showWaiting))
  app.post('/n/:network/declines', letters(MAX_PETITION_CHARACTERS, decline))
  app.post('/n/:network/approvals', letters(base64UrlCharacters(APPROVAL_BYTES), takeApproval))
}

/** A route: reads what was sent, finds out whether there is such a network, and tells how it ended. */
function letters(maxCharacters: number, read: (text: string, letter: Letter) => Promise<object | RefusalCode>) {
  return async (context: RouteContext): Promise<Response> => {
    const network = context.req.param('network') ?? ''
    const refuse = (code: RefusalCode, retryAfterMs?: number) =>
      refuseAndCount(context, 'membership', network, code, retryAfterMs)
    const fault = nameFault(network)
    if (fault) return refuse(fault)
    if (await isRateLimited(context.req.raw, network, 'membership', context.env)) {
      return refuse('rate-limited', RATE_WINDOW_MS)
    }
    const text = await shortText(context.req.raw, maxCharacters)
    // Nobody is kept out of a plain name, and nothing is decided about it.
    const networkId = parseNetworkId(network)
    const known = networkId && (await knownNetworks.find(network, 'other', context.env))
    if (!known) return refuse('network-unknown')
    const answer = await read(text, { network, networkId, known, context })
    if (typeof answer === 'string') return refuse(answer)
    const headers = { ...corsHeaders(context), 'Cache-Control': 'no-store' }
    const isEmpty = Object.keys(answer).length === 0
    return isEmpty ? new Response(null, { status: 204, headers }) : Response.json(answer, { headers })
  }
}

async function takeRevocations(text: string, { network, known, context }: Letter): Promise<object | RefusalCode> {
  const bytes = fromBase64Url(text)
  const list = bytes ? await proveRevocations(known.genesis, bytes) : 'revocations-malformed'
  if (typeof list === 'string') return list
  if ((await charterOf(context.env, network).revoke(list.number, list.bytes)) === 'stale') return 'revocations-stale'
  knownNetworks.learn(network, known.genesis, list)
  return { number: list.number }
}

async function takePlace(text: string, letter: Letter): Promise<object | RefusalCode> {
  const petition = await petitionIn(text, 'wait', letter)
  if (typeof petition === 'string') return petition
  const { known, context, network } = letter
  // Everybody is in.
  if (known.genesis.policy === 'public') return { approvals: [] } satisfies WaitingAnswer
  if (known.revocations?.has(petition.identity)) return 'membership-revoked'
  const { name, note, identity } = petition
  const source = await sourceOf(context.req.raw, network)
  const applicant = { member: toBase64Url(identity), name, note, source }
  const outcome = await charterOf(context.env, network).wait(applicant, ruleOf(known))
  return typeof outcome === 'string' ? outcome : ({ approvals: outcome } satisfies WaitingAnswer)
}

async function showWaiting(text: string, letter: Letter): Promise<object | RefusalCode> {
  const petition = await petitionIn(text, 'review', letter)
  if (typeof petition === 'string') return petition
  if (!mayApprove(letter.known, petition.identity)) return 'not-approver'
  return {
    waiting: await charterOf(letter.context.env, letter.network).waiting(ruleOf(letter.known)),
  } satisfies ReviewAnswer
}

async function decline(text: string, letter: Letter): Promise<object | RefusalCode> {
  const petition = await petitionIn(text, 'decline', letter)
  if (typeof petition === 'string') return petition
  if (petition.subject.length !== KEY_BYTES) return 'petition-malformed'
  if (!mayApprove(letter.known, petition.identity)) return 'not-approver'
  await charterOf(letter.context.env, letter.network).decline(toBase64Url(petition.subject))
  return {}
}

async function takeApproval(text: string, { network, known, context }: Letter): Promise<object | RefusalCode> {
  const { genesis, revocations } = known
  const bytes = fromBase64Url(text)
  const approval = bytes && decodeApproval(bytes)
  if (!approval) return 'approval-malformed'
  if (!(await approvalIsGenuine(genesis, approval))) return 'approval-signature'
  if (ruleOf(known).removed.includes(approval.approver)) return 'not-approver'
  if (approval.expiresAtMs <= Date.now()) return 'membership-expired'
  if (revocations?.has(approval.member)) return 'membership-revoked'
  const { approver, expiresAtMs } = approval
  const given = { member: toBase64Url(approval.member), approver, expiresAtMs, approval: approvalText(approval) }
  await charterOf(context.env, network).approve(given, ruleOf(known))
  return {}
}

function petitionIn(text: string, purpose: PetitionPurpose, { networkId, context }: Letter) {
  const { host } = new URL(context.req.url)
  return provePetition(text, { purpose, network: networkId, host }, Date.now())
}

/** An approver who has been removed decides nothing any more; a creator cannot be removed. */
function mayApprove({ genesis, revocations }: KnownNetwork, identity: Petition['identity']): boolean {
  const isCreator = compareBytes(genesis.creator, identity) === 0
  const isNamed = approversOf(genesis).some((key) => compareBytes(key, identity) === 0)
  return isNamed && (isCreator || !revocations?.has(identity))
}

function ruleOf(known: KnownNetwork): Rule {
  const approvers = approversOf(known.genesis)
  const removed = approvers.flatMap((key, i) => (mayApprove(known, key) ? [] : [i]))
  return { approvers: approvers.length, needed: approvalsNeeded(known.genesis), removed }
}

function approvalText(approval: Approval): string {
  return toBase64Url(encodeApproval(approval))
}
