/** `foundNetwork`: signing a genesis and registering it. */
import { compareBytes, toBase64Url, utf8, type Bytes } from '../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, signGenesis, termsFault, type Genesis, type Terms } from '../../protocol/genesis.ts'
import { MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES } from '../../protocol/limits.ts'
import { networkIdText } from '../../protocol/network.ts'
import { Clock } from '../clock.ts'
import { parseRoomUrl } from '../room-url.ts'
import type { Founding, MemberNetwork } from './api.ts'
import { keyOf } from './approvals.ts'
import { factsOf } from './facts.ts'
import { invalid, refusedError } from './fault.ts'
import { askHost } from './host.ts'
import { OpenedNetwork } from './member-network.ts'
import { RevocationBook } from './revocation-book.ts'

/**
 * Founds a network and registers it at a host. What is signed here cannot be changed later, by nobody.
 *
 * @throws EdgeNetError `invalid-argument` (which of the terms is out of order), `membership`, `room-unreachable`
 * @example
 * const membership = await foundNetwork({ host: 'https://edge-net.example', identity, name: 'Ada and friends', policy: 'private' })
 * const { url } = await membership.invite({ uses: 5 })
 */
export async function foundNetwork(founding: Founding): Promise<MemberNetwork> {
  const { identity, host } = founding
  if (!URL.canParse(host)) throw invalid('host', `"${host}" is no URL.`, 'Use https://HOST.')
  const { origin } = new URL(host)
  const clock = new Clock()
  const found = async () => signGenesis(termsOf(founding, clock.nowMs()), (bytes) => identity.sign(bytes))
  const register = (made: Genesis) => askHost(`${origin}/networks`, { body: toBase64Url(made.bytes) })
  let genesis = await found()
  let answer = await register(genesis)
  if ('refusal' in answer && answer.refusal.code === 'genesis-clock') {
    clock.correct(answer.refusal.serverTimeMs)
    genesis = await found()
    answer = await register(genesis)
  }
  if ('refusal' in answer) throw refusedError(answer.refusal)
  const room = parseRoomUrl(`${origin}/n/${networkIdText(genesis.id)}`)
  const facts = factsOf(genesis, room, 0)
  const book = new RevocationBook()
  return new OpenedNetwork({ room, networkId: genesis.id, facts, genesis, identity, clock, book, hostFault: undefined })
}

/** What the founder wants, in order. @throws EdgeNetError `invalid-argument` */
function termsOf(founding: Founding, createdAtMs: number): Terms {
  const { identity, name, description = '', policy = 'public', parameters } = founding
  const approvers = ascending((founding.approvers ?? []).map((siteId) => keyOf(siteId, 'approvers')))
  const usual = policy === 'consortium' ? Math.floor(approvers.length / 2) + 1 : 0
  const terms: Terms = {
    policy,
    createdAtMs,
    creator: identity.publicKey,
    name,
    description,
    parameters: { ...DEFAULT_PARAMETERS, ...parameters },
    approvers,
    threshold: founding.threshold ?? usual,
  }
  const tooLong =
    utf8(name).length > MAX_NAME_BYTES
      ? 'name'
      : utf8(description).length > MAX_DESCRIPTION_BYTES
        ? 'description'
        : undefined
  const fault = tooLong ?? termsFault(terms)
  if (fault === undefined) return terms
  throw invalid(fault, `A network cannot have this ${fault}.`, HINTS[fault])
}

const HINTS: Record<NonNullable<ReturnType<typeof termsFault>>, string> = {
  name: `Use 1 to ${MAX_NAME_BYTES} bytes, without blanks at the ends, line ends and control characters.`,
  description: `Use at most ${MAX_DESCRIPTION_BYTES} bytes, without blanks at the ends, line ends and control characters.`,
  confirmations: 'Use 1 to 16.',
  maxDegree: 'Use 3 to 32.',
  entryGapMs: 'Use 1 to 3,600,000 milliseconds.',
  approvers: 'Name 1 to 10 different siteIds, and in a consortium only.',
  threshold: 'Use 1 to the number of approvers, and in a consortium only.',
}

function ascending(keys: readonly Bytes[]): readonly Bytes[] {
  return keys.toSorted(compareBytes)
}
