import { describe, expect, it } from 'vitest'
import type { Network, Peer } from '../../client/api.ts'
import { sayToAll } from '../../client/say-to-all.ts'

/** A network with links to so many peers, of so many members. */
function networkOf(links: number, total: number, mesh: { isComplete: boolean } | undefined, fault?: Error) {
  const said: string[] = []
  const peers = Array.from({ length: links }, (_, i) => [
    `peer-${i}`,
    { send: (text: string) => (fault ? Promise.reject(fault) : Promise.resolve(void said.push(`${i}: ${text}`))) },
  ]) as unknown as [Peer['id'], Peer][]
  const broadcast = (text: string) => Promise.resolve(void said.push(`all: ${text}`))
  const network = { total, mesh, peers: new Map(peers), broadcast } as unknown as Network
  return { network, said }
}

describe('a line to everybody', () => {
  it.each([
    ['without a mesh', undefined],
    ['where everybody is linked to everybody', { isComplete: true }],
  ])('goes over the links %s', async (_, mesh) => {
    const { network, said } = networkOf(2, 3, mesh)
    expect(await sayToAll(network, 'hello')).toBe(2)
    expect(said).toEqual(['0: hello', '1: hello'])
  })

  it('is gossiped in a larger network, and is on its way to all of its members', async () => {
    const { network, said } = networkOf(8, 120, { isComplete: false })
    expect(await sayToAll(network, 'hello')).toBe(119)
    expect(said).toEqual(['all: hello'])
  })

  it('fails when a link would not take it', async () => {
    const { network } = networkOf(1, 2, undefined, new Error('too large'))
    await expect(sayToAll(network, 'hello')).rejects.toThrow('too large')
  })
})
