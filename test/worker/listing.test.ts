import { beforeEach, describe, expect, test } from 'vitest'
import {
  EMPTY_LISTED_MS,
  Listing,
  MAX_EMPTY_NETWORKS,
  MAX_KEPT_NETWORKS,
  type LabelRecord,
  type SizeRecord,
} from '../../worker/listing.ts'

const LABEL = { name: 'Night shift', description: '', creator: 'c' }
const DAY_MS = 86_400_000

let sizes: Map<string, SizeRecord>
let labels: Map<string, LabelRecord>
let listing: Listing

beforeEach(() => {
  sizes = new Map()
  labels = new Map()
  listing = new Listing(sizes, labels, DAY_MS)
})

function names(nowMs: number): string[] {
  return listing.ranked(nowMs).map(({ network }) => network)
}

describe('listed are', () => {
  test('the largest first, then the newest of those that nobody is in', () => {
    listing.add('net-old', LABEL, '', 0)
    listing.add('net-new', LABEL, '', 1)
    listing.report('small', 1, 2)
    listing.report('net-old', 3, 2)
    listing.report('large', 9, 2)
    expect(names(3)).toEqual(['large', 'net-old', 'small', 'net-new'])
  })

  test('no closed networks, which count all the same', () => {
    listing.report('net-closed', 5, 0)
    listing.report('plain', 2, 0)
    expect(names(1)).toEqual(['plain'])
    expect(listing.membersOf('net-closed', 1)).toBe(5)
    expect(listing.totals(1)).toEqual({ networks: 2, members: 7 })
  })

  test('networks that nobody has joined for a week, and then again when somebody does', () => {
    listing.add('net-a', LABEL, '', 0)
    expect(names(EMPTY_LISTED_MS - 1)).toEqual(['net-a'])
    expect(names(EMPTY_LISTED_MS)).toEqual([])
    listing.report('net-a', 1, EMPTY_LISTED_MS)
    expect(names(EMPTY_LISTED_MS)).toEqual(['net-a'])
    // Its charter says once a day that somebody comes; so its label outlives the days when nobody is there.
    const later = EMPTY_LISTED_MS + 20 * DAY_MS
    listing.add('net-a', LABEL, '', EMPTY_LISTED_MS + 15 * DAY_MS)
    listing.report('net-a', 1, later)
    expect(names(later)).toEqual(['net-a'])
  })
})

test('a label is never changed by saying it again', () => {
  listing.add('net-a', LABEL, 'here', 0)
  listing.add('net-a', { ...LABEL, name: 'Something else', creator: 'thief' }, 'there', 1)
  expect(listing.listed('net-a', 2)?.label).toEqual(LABEL)
})

test('a flood of foundings pushes out the oldest of the empty, and none that people are in', () => {
  listing.add('net-used', LABEL, '', 0)
  listing.report('net-used', 1, 0)
  for (let i = 0; i < 2 * MAX_EMPTY_NETWORKS; i++) listing.add(`net-flood-${i}`, LABEL, `source ${i}`, i + 1)
  expect(labels.size).toBe(MAX_EMPTY_NETWORKS + 1)
  expect(labels.has('net-used')).toBe(true)
  expect(labels.has(`net-flood-${2 * MAX_EMPTY_NETWORKS - 1}`)).toBe(true)
  expect(labels.has('net-flood-0')).toBe(false)
})

test('a flood of names pushes out no larger network', () => {
  listing.report('popular', 50, 0)
  for (let i = 0; i < 2 * MAX_KEPT_NETWORKS; i++) listing.report(`made-up-${i}`, 1, 0)
  expect(sizes.size).toBe(MAX_KEPT_NETWORKS)
  expect(names(1)[0]).toBe('popular')
})
