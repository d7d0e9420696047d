/** A network that somebody is about to found: what stands in the form, and what is wrong with it, field by field. */
import { fromBase64Url, utf8 } from '../../../protocol/bytes.ts'
import { DEFAULT_PARAMETERS, isLabel, type Policy } from '../../../protocol/genesis.ts'
import {
  KEY_BYTES,
  MAX_APPROVERS,
  MAX_CONFIRMATIONS,
  MAX_DEGREE,
  MAX_DESCRIPTION_BYTES,
  MAX_ENTRY_GAP_MS,
  MAX_NAME_BYTES,
  MIN_DEGREE,
  MIN_ENTRY_GAP_MS,
} from '../../../protocol/limits.ts'
import type { Founding } from '../../networks/api.ts'

/** The texts of the form. */
export interface Draft {
  readonly name: string
  readonly description: string
  readonly policy: Policy
  /** Site ids, with anything between them that no site id has. */
  readonly approvers: string
  readonly threshold: string
  readonly confirmations: string
  readonly maxDegree: string
  readonly entryGapMs: string
}

export type DraftField = Exclude<keyof Draft, 'policy'>
/** A sentence for each field that is not in order. */
export type DraftFaults = Partial<Record<DraftField, string>>
export type Terms = Omit<Founding, 'host' | 'identity'>

export const EMPTY_DRAFT: Draft = {
  name: '',
  description: '',
  policy: 'public',
  approvers: '',
  threshold: '',
  confirmations: `${DEFAULT_PARAMETERS.confirmations}`,
  maxDegree: `${DEFAULT_PARAMETERS.maxDegree}`,
  entryGapMs: `${DEFAULT_PARAMETERS.entryGapMs}`,
}

/** What stands between two site ids. */
const BETWEEN = /[\s,;]+/

/** The terms that the draft stands for, or what keeps it from standing for any. */
export function termsOf(draft: Draft): { readonly terms: Terms } | { readonly faults: DraftFaults } {
  const name = draft.name.trim()
  const description = draft.description.trim()
  const isConsortium = draft.policy === 'consortium'
  const approvers = isConsortium ? approversIn(draft.approvers) : []
  const threshold = isConsortium ? thresholdOf(draft, approvers.length) : undefined
  const parameters = {
    confirmations: wholeNumber(draft.confirmations),
    maxDegree: wholeNumber(draft.maxDegree),
    entryGapMs: wholeNumber(draft.entryGapMs),
  }
  const all: Record<DraftField, string> = {
    name: name === '' ? 'Give the network a name.' : textFault(name, MAX_NAME_BYTES),
    description: textFault(description, MAX_DESCRIPTION_BYTES),
    approvers: isConsortium ? approversFault(approvers) : '',
    threshold:
      isConsortium && !isWithin(threshold ?? 0, 1, Math.max(1, approvers.length))
        ? `From 1 to ${Math.max(1, approvers.length)}: as many as there are approvers at most.`
        : '',
    confirmations: rangeFault(parameters.confirmations, 1, MAX_CONFIRMATIONS),
    maxDegree: rangeFault(parameters.maxDegree, MIN_DEGREE, MAX_DEGREE),
    entryGapMs: rangeFault(parameters.entryGapMs, MIN_ENTRY_GAP_MS, MAX_ENTRY_GAP_MS),
  }
  const faults = Object.fromEntries(Object.entries(all).filter(([, fault]) => fault !== '')) as DraftFaults
  if (Object.keys(faults).length > 0) return { faults }
  const consortium = threshold === undefined ? {} : { approvers, threshold }
  return { terms: { name, description, policy: draft.policy, parameters, ...consortium } }
}

/** How many approvals a consortium asks for unless its founder says otherwise: more than half. */
export function usualThreshold(approvers: number): number {
  return Math.floor(approvers / 2) + 1
}

/** The site ids in a text, each once. */
export function approversIn(text: string): string[] {
  return [...new Set(text.split(BETWEEN).filter((part) => part !== ''))]
}

function thresholdOf({ threshold }: Draft, approvers: number): number {
  return threshold.trim() === '' ? Math.min(usualThreshold(approvers), Math.max(1, approvers)) : wholeNumber(threshold)
}

function approversFault(approvers: readonly string[]): string {
  if (approvers.length === 0) return 'Paste the site id of at least one approver.'
  if (approvers.length > MAX_APPROVERS) return `These are ${approvers.length}; ${MAX_APPROVERS} are allowed.`
  const wrong = approvers.find((approver) => fromBase64Url(approver)?.length !== KEY_BYTES)
  return wrong === undefined ? '' : `“${wrong.slice(0, 12)}…” is no site id: it has 43 letters, digits, - and _.`
}

function textFault(text: string, maxBytes: number): string {
  const size = utf8(text).length
  if (size > maxBytes) return `This has ${size} bytes; ${maxBytes} are allowed.`
  return isLabel(text) ? '' : 'This has characters that do not show, or turn the direction of writing.'
}

/** `NaN` for what is none. */
function wholeNumber(text: string): number {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN
}

function rangeFault(value: number, least: number, most: number): string {
  return isWithin(value, least, most) ? '' : `A whole number from ${least} to ${most}.`
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
