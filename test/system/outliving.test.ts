/**
 * A network that outlives its room, with all its real parts and fewer members than `npm run test:outliving` has: pages, Node
 * peers, a Worker that is killed and comes back, a Gun relay.
 */
import { expect, it } from 'vitest'
import { faultsOf } from '../outliving/outcome.ts'
import { playStory } from '../outliving/story.ts'

it('goes on when its Worker is killed, lets newcomers in, and has lost nothing when the Worker is back', async () => {
  const outcome = await playStory({ pages: 4, nodes: 8, degree: 4, reaches: 3, cuts: 1, newcomers: 2, talkMs: 2_000 })
  expect(faultsOf(outcome)).toEqual([])
  const { reached, overNeighbours, overGun, newcomers, returnedMs } = outcome
  expect(reached.map(({ carrier }) => carrier)).toContain('neighbours')
  expect(overNeighbours).toHaveLength(1)
  expect(overGun).toHaveLength(1)
  expect(newcomers.map(({ where }) => where)).toEqual(['Node', 'page'])
  expect(returnedMs).toHaveLength(14)
}, 240_000)
