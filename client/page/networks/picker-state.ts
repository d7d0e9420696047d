/** What the dialog of networks knows, as a pure reducer: what was visited here, and what the host lists. */
import type { NetworkDescription } from '../../../protocol/http.ts'
import { isNetworkKey } from '../../../protocol/network.ts'
import { counted } from '../number-words.ts'
import { agoWords, POLICY_WORDS } from '../membership/words.ts'
import type { VisitedNetwork } from './visited.ts'

/** As many as fit on a few screens; more come when they are asked for. */
export const PAGE_NETWORKS = 20
/** A host may say there are ever more. */
export const MAX_SHOWN_NETWORKS = 200
/** What is shown of a description of 512 bytes at most. */
const MAX_DESCRIPTION_CHARACTERS = 512
const MAX_NAME_CHARACTERS = 64

export interface PickerState {
  /** What names the network that this page is in. */
  readonly current: string
  readonly visited: readonly VisitedNetwork[]
  readonly query: string
  readonly found: readonly NetworkDescription[]
  /** Where the next page begins; `undefined` when there is none. */
  readonly next: string | undefined
  readonly isLoading: boolean
  readonly fault: string
}

export type PickerEvent =
  | { readonly type: 'visited'; readonly visited: readonly VisitedNetwork[] }
  /** Another search begins: what an earlier one still brings is dropped by its query. */
  | { readonly type: 'search'; readonly query: string }
  | { readonly type: 'loading' }
  | {
      readonly type: 'found'
      readonly query: string
      /** What was known when it was asked for: these follow it, or replace it. */
      readonly mode: 'first' | 'more'
      readonly networks: readonly NetworkDescription[]
      readonly next: string | undefined
    }
  | { readonly type: 'failed'; readonly query: string; readonly message: string }

export interface NetworkRow {
  readonly key: string
  readonly href: string
  readonly name: string
  readonly policy: string
  readonly description: string
  readonly detail: string
  readonly isCurrent: boolean
  /** It stands in the list of those visited, and we are not in it. */
  readonly isForgettable: boolean
}

export function initialPicker(current: string): PickerState {
  return { current, visited: [], query: '', found: [], next: undefined, isLoading: false, fault: '' }
}

export function reducePicker(state: PickerState, event: PickerEvent): PickerState {
  switch (event.type) {
    case 'visited':
      return { ...state, visited: event.visited }
    case 'search':
      return { ...state, query: event.query, found: [], next: undefined, isLoading: true, fault: '' }
    case 'loading':
      return { ...state, isLoading: true, fault: '' }
    case 'found': {
      if (event.query !== state.query) return state
      const found =
        event.mode === 'first' ? refreshed(state.found, event.networks) : merged(state.found, event.networks)
      // A first page that is read anew says nothing about where what was loaded after it ends.
      const isDeeper = event.mode === 'first' && state.found.length > event.networks.length
      const next = found.length >= MAX_SHOWN_NETWORKS ? undefined : isDeeper ? state.next : event.next
      return { ...state, found, next, isLoading: false, fault: '' }
    }
    case 'failed':
      return event.query === state.query ? { ...state, isLoading: false, fault: event.message } : state
    default:
      return event satisfies never
  }
}

export function visitedRows({ visited, current }: PickerState, nowMs: number): NetworkRow[] {
  return visited.map(({ key, name, policy, atMs }) => ({
    key,
    href: `/n/${key}`,
    name,
    policy: POLICY_WORDS[policy].label,
    description: '',
    detail: key === current ? 'You are here' : `visited ${agoWords(nowMs - atMs)}`,
    isCurrent: key === current,
    isForgettable: key !== current,
  }))
}

/** A host's word: what cannot be linked to is left out, and what is shown is bounded. */
export function foundRows({ found, current }: PickerState): NetworkRow[] {
  return found.map((network) => {
    const key = keyOf(network) ?? ''
    const policy = Object.hasOwn(POLICY_WORDS, network.policy) ? POLICY_WORDS[network.policy].label : ''
    return {
      key,
      href: `/n/${key}`,
      name: network.name.slice(0, MAX_NAME_CHARACTERS),
      policy,
      description: (network.description ?? '').slice(0, MAX_DESCRIPTION_CHARACTERS),
      detail: `${counted(network.members, 'member')} now`,
      isCurrent: key === current,
      isForgettable: false,
    }
  })
}

/** What the list says when it is empty, or not all. */
export function foundNote({ found, query, isLoading, fault }: PickerState): string {
  if (fault) return fault
  if (found.length > 0) return ''
  if (isLoading) return 'Looking…'
  return query === '' ? 'No public network has anybody in it at the moment.' : 'No public network is called like this.'
}

/** The last part of its room URL: plain names and ids alike. */
function keyOf({ url }: NetworkDescription): string | undefined {
  const key = URL.canParse(url) ? new URL(url).pathname.split('/').at(-1) : undefined
  return key !== undefined && isNetworkKey(key) ? key : undefined
}

function usable(networks: readonly NetworkDescription[]): NetworkDescription[] {
  return networks.filter((network) => typeof network.name === 'string' && keyOf(network) !== undefined)
}

function merged(before: readonly NetworkDescription[], added: readonly NetworkDescription[]): NetworkDescription[] {
  const byUrl = new Map([...before, ...usable(added)].map((network) => [network.url, network]))
  return [...byUrl.values()].slice(0, MAX_SHOWN_NETWORKS)
}

/** The same list with the sizes of now: the first page read anew, and what was loaded after it behind. */
function refreshed(before: readonly NetworkDescription[], first: readonly NetworkDescription[]): NetworkDescription[] {
  return merged(
    usable(first),
    before.slice(first.length).filter(({ url }) => !first.some((one) => one.url === url)),
  )
}
