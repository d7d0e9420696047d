/** Networks on the page: where a pasted text leads, what this browser remembers, and what a host lists. */
import { describe, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import type { NetworkDescription } from '../../protocol/http.ts'
import { destinationOf, inviteCodeOf, MAX_PASTED_CHARACTERS } from '../../client/page/networks/destination.ts'
import { EMPTY_DRAFT, termsOf, type Draft } from '../../client/page/networks/draft.ts'
import {
  foundNote,
  foundRows,
  initialPicker,
  MAX_SHOWN_NETWORKS,
  reducePicker,
  visitedRows,
  type PickerEvent,
} from '../../client/page/networks/picker-state.ts'
import {
  MAX_CHAINS,
  MAX_VISITED,
  parseVisited,
  without,
  withoutChain,
  withoutProofs,
  withVisit,
  type VisitedNetwork,
} from '../../client/page/networks/visited.ts'
import { placeOf } from '../../client/page/place.ts'

const ORIGIN = 'https://edge.example'
const KEY = `net-${'A'.repeat(43)}`
const SITE = toBase64Url(new Uint8Array(32).fill(7))

describe('what is pasted to get into a network', () => {
  it('may be a name, an id, a room URL, or an invite link, of this host or of another', () => {
    const here = (url: string) => ({ url, otherHost: undefined })
    expect(destinationOf('mainnet', ORIGIN)).toEqual(here(`${ORIGIN}/n/mainnet`))
    expect(destinationOf(`  ${KEY}\n`, ORIGIN)).toEqual(here(`${ORIGIN}/n/${KEY}`))
    expect(destinationOf(`${ORIGIN}/n/mainnet/`, ORIGIN)).toEqual(here(`${ORIGIN}/n/mainnet`))
    expect(destinationOf(`${ORIGIN}/n/${KEY}#invite=AbC_-`, ORIGIN)).toEqual(here(`${ORIGIN}/n/${KEY}#invite=AbC_-`))
    expect(destinationOf('https://other.example:8443/n/mainnet', ORIGIN)).toEqual({
      url: 'https://other.example:8443/n/mainnet',
      otherHost: 'other.example:8443',
    })
  })

  it('takes nothing along that no room URL has', () => {
    expect(destinationOf(`${ORIGIN}/n/${KEY}?a=1#invite=<b>`, ORIGIN)).toMatchObject({ url: `${ORIGIN}/n/${KEY}` })
    expect(destinationOf(`https://user:secret@edge.example/n/mainnet#x`, ORIGIN)).toMatchObject({
      url: `${ORIGIN}/n/mainnet`,
    })
  })

  it('leads nowhere if it is no link, no network, cut off, hostile, or endless, and says so', () => {
    for (const text of [
      '',
      '   ',
      'Hello there',
      'javascript:alert(1)',
      'data:text/html,<script>1</script>',
      'ftp://edge.example/n/mainnet',
      `${ORIGIN}/mainnet`,
      `${ORIGIN}/n/`,
      `${ORIGIN}/n/${KEY.slice(0, -3)}`,
      `${ORIGIN}/n/MAINNET`,
      'x'.repeat(MAX_PASTED_CHARACTERS + 1),
    ]) {
      expect(destinationOf(text, ORIGIN), text.slice(0, 40)).toMatch(/\.$|NETWORK\.$/)
    }
  })

  it('has an invite behind #invite=, or is one', () => {
    expect(inviteCodeOf(` ${ORIGIN}/n/${KEY}#invite=AbC_- `)).toBe('AbC_-')
    expect(inviteCodeOf('AbC_-')).toBe('AbC_-')
  })
})

describe('the address of the page', () => {
  it('names a network, plain or founded, and may bring an invite', () => {
    const at = (pathname: string, hash = '') => placeOf({ origin: ORIGIN, pathname, hash })
    expect(at('/n/mainnet')).toEqual({
      roomUrl: `${ORIGIN}/n/mainnet`,
      key: 'mainnet',
      isFounded: false,
      invite: undefined,
    })
    expect(at(`/n/${KEY}`, '#invite=abc')).toMatchObject({ key: KEY, isFounded: true, invite: 'abc' })
    expect(at(`/n/${KEY}`, '#else')).toMatchObject({ invite: undefined })
    expect(at('/n/%E0%A4%A')).toMatchObject({ key: '%E0%A4%A', isFounded: false })
    expect(at('/n/net-short')).toMatchObject({ isFounded: false })
  })
})

describe('networks that were visited', () => {
  const visit = (key: string, more: Partial<VisitedNetwork> = {}): VisitedNetwork => ({
    key,
    name: key,
    policy: 'public',
    atMs: 1,
    ...more,
  })

  it('are remembered, the latest first, with what was known before, up to a bound', () => {
    const first = withVisit([], visit(KEY, { genesis: 'g', chains: { ada: 'c1' } }))
    const again = withVisit(withVisit(first, visit('mainnet')), visit(KEY, { atMs: 9, chains: { bob: 'c2' } }))
    expect(again.map(({ key }) => key)).toEqual([KEY, 'mainnet'])
    expect(again[0]).toMatchObject({ atMs: 9, genesis: 'g', chains: { ada: 'c1', bob: 'c2' } })
    const many = Array.from({ length: MAX_VISITED + 5 }, (_, i) => `n-${i}`).reduce(
      (list, key) => withVisit(list, visit(key)),
      [] as readonly VisitedNetwork[],
    )
    expect(many).toHaveLength(MAX_VISITED)
    expect(many[0]?.key).toBe(`n-${MAX_VISITED + 4}`)
    const chains = Object.fromEntries(Array.from({ length: MAX_CHAINS + 3 }, (_, i) => [`site-${i}`, 'c']))
    expect(Object.keys(withVisit([], visit(KEY, { chains }))[0]?.chains ?? {})).toHaveLength(MAX_CHAINS)
  })

  it('can be forgotten: all of one, its proofs, or one chain', () => {
    const list = withVisit([visit('mainnet')], visit(KEY, { genesis: 'g', chains: { ada: 'c1', bob: 'c2' } }))
    expect(without(list, KEY)).toEqual([visit('mainnet')])
    expect(withoutProofs(list, KEY)[0]).toEqual(visit(KEY))
    expect(withoutChain(list, KEY, 'ada')[0]?.chains).toEqual({ bob: 'c2' })
  })

  it('come back from the storage as they were, whatever else stands there', () => {
    const list = [
      visit(KEY, { policy: 'private', genesis: 'g', revocations: 'r', chains: { ada: 'c' } }),
      visit('mainnet'),
    ]
    expect(parseVisited(JSON.parse(JSON.stringify(list)))).toEqual(list)
    for (const value of [undefined, null, 7, 'x', {}, [null], [[]], [{ key: 5 }]])
      expect(parseVisited(value)).toEqual([])
    const hostile = {
      key: KEY,
      name: 'n'.repeat(1_000),
      policy: 'public',
      atMs: 1,
      genesis: 'g'.repeat(1e5),
      revocations: 7,
      chains: { ada: 'c'.repeat(1e5), eve: 3 },
    }
    const [parsed] = parseVisited([hostile, { ...hostile, key: '<b>' }, { ...hostile, policy: 'else' }])
    expect(parsed).toEqual({ key: KEY, name: 'n'.repeat(64), policy: 'public', atMs: 1 })
    expect(parseVisited(Array.from({ length: 500 }, () => visit('mainnet')))).toHaveLength(MAX_VISITED)
  })
})

describe('public networks of the host', () => {
  const network = (name: string, members = 1, more: Partial<NetworkDescription> = {}): NetworkDescription => ({
    name,
    id: KEY,
    policy: 'public',
    url: `${ORIGIN}/n/${name}`,
    members,
    ...more,
  })
  const found = (networks: NetworkDescription[], more: Partial<PickerEvent> = {}): PickerEvent =>
    ({ type: 'found', query: '', mode: 'first', networks, next: undefined, ...more }) as PickerEvent
  const after = (...events: PickerEvent[]) => events.reduce(reducePicker, initialPicker('mainnet'))

  it('are listed with their sizes, page after page, and read anew without losing a page', () => {
    const state = after(
      { type: 'loading' },
      found([network('a', 5), network('b', 4)], { next: 'after-b' }),
      found([network('c', 3)], { mode: 'more', next: undefined }),
      found([network('b', 9), network('a', 5)], { next: 'after-a' }),
    )
    expect(foundRows(state).map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
      'b: 9 members now',
      'a: 5 members now',
      'c: 3 members now',
    ])
    expect(state.next).toBeUndefined()
    expect(foundNote(state)).toBe('')
  })

  it('are found by a search, whose answer is dropped when another one has begun', () => {
    const state = after({ type: 'search', query: 'fold' }, found([network('a')]))
    expect(foundRows(state)).toEqual([])
    expect(foundNote(state)).toBe('Looking…')
    const answered = reducePicker(state, found([], { query: 'fold' }))
    expect(foundNote(answered)).toContain('called like this')
    expect(foundNote(reducePicker(state, { type: 'failed', query: 'fold', message: 'No answer.' }))).toBe('No answer.')
    expect(foundNote(reducePicker(state, { type: 'failed', query: 'old', message: 'No answer.' }))).toBe('Looking…')
  })

  it('show a host’s lies as bounded text and lead to rooms only', () => {
    const state = after(
      found([
        network('x', 1, { name: '<img src=x>'.repeat(100), description: 'd'.repeat(5_000) }),
        network('y', 1, { url: 'javascript:alert(1)' }),
        network('z', 1, { url: `${ORIGIN}/elsewhere/<b>` }),
        network('w', 1, { policy: 'toString' as 'public' }),
      ]),
    )
    const rows = foundRows(state)
    expect(rows.map(({ href }) => href)).toEqual(['/n/x', '/n/w'])
    expect(rows[0]?.name).toHaveLength(64)
    expect(rows[0]?.description).toHaveLength(512)
    expect(rows[1]?.policy).toBe('')
    const endless = Array.from({ length: 500 }, (_, i) => network(`n-${i}`))
    const full = after(found(endless, { next: 'more' }))
    expect(foundRows(full)).toHaveLength(MAX_SHOWN_NETWORKS)
    expect(full.next).toBeUndefined()
  })

  it('say which of the visited ones we are in, and let the others be forgotten', () => {
    const visited = ['mainnet', 'other'].map((key) => ({ key, name: key, policy: 'public' as const, atMs: 0 }))
    const rows = visitedRows(after({ type: 'visited', visited }), 7_300_000)
    expect(rows.map(({ detail, isForgettable }) => [detail, isForgettable])).toEqual([
      ['You are here', false],
      ['visited 2 hours ago', true],
    ])
  })
})

describe('a network that is about to be founded', () => {
  const draft = (more: Partial<Draft> = {}): Draft => ({ ...EMPTY_DRAFT, name: 'Ada and friends', ...more })
  const faultsOf = (more: Partial<Draft>) => {
    const outcome = termsOf(draft(more))
    return 'faults' in outcome ? Object.keys(outcome.faults) : []
  }

  it('takes a name; the rest is as usual', () => {
    expect(termsOf(draft())).toEqual({
      terms: {
        name: 'Ada and friends',
        description: '',
        policy: 'public',
        parameters: { confirmations: 3, maxDegree: 8, entryGapMs: 1 },
      },
    })
  })

  it('of a consortium names its approvers, each once, and asks for more than half unless it is said', () => {
    const others = [1, 2, 3].map((byte) => toBase64Url(new Uint8Array(32).fill(byte)))
    const approvers = ` ${others[0]},\n${others[1]}  ${others[0]};${others[2]}`
    expect(termsOf(draft({ policy: 'consortium', approvers }))).toMatchObject({
      terms: { approvers: others, threshold: 2 },
    })
    expect(termsOf(draft({ policy: 'consortium', approvers, threshold: '3' }))).toMatchObject({
      terms: { threshold: 3 },
    })
    expect(termsOf(draft({ policy: 'consortium', approvers: SITE }))).toMatchObject({ terms: { threshold: 1 } })
    // What a consortium needs does not hold up another network.
    expect(termsOf(draft({ policy: 'private', approvers: 'nonsense', threshold: '99' }))).toHaveProperty('terms')
  })

  it('is told what is wrong, field by field', () => {
    expect(faultsOf({ name: '  ' })).toEqual(['name'])
    expect(faultsOf({ name: 'é'.repeat(33) })).toEqual(['name'])
    expect(faultsOf({ name: 'abc\u202Etxt.exe' })).toEqual(['name'])
    expect(faultsOf({ description: 'x'.repeat(513) })).toEqual(['description'])
    expect(faultsOf({ policy: 'consortium' })).toEqual(['approvers'])
    expect(faultsOf({ policy: 'consortium', approvers: SITE, threshold: '2' })).toEqual(['threshold'])
    expect(faultsOf({ policy: 'consortium', approvers: SITE, threshold: '0' })).toEqual(['threshold'])
    expect(faultsOf({ policy: 'consortium', approvers: `${SITE} short` })).toEqual(['approvers'])
    const eleven = Array.from({ length: 11 }, (_, i) => toBase64Url(new Uint8Array(32).fill(i))).join('\n')
    expect(faultsOf({ policy: 'consortium', approvers: eleven })).toEqual(['approvers'])
    expect(faultsOf({ confirmations: '0', maxDegree: '2', entryGapMs: '3600001' })).toEqual([
      'confirmations',
      'maxDegree',
      'entryGapMs',
    ])
    expect(faultsOf({ confirmations: '1e1' })).toEqual(['confirmations'])
    expect(faultsOf({ confirmations: '' })).toEqual(['confirmations'])
  })
})
