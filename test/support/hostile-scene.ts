/** A room with two honest SDK clients, Ada and Bob, and Eve, who is made by hand and says what a test has her say. */
import { expect } from 'vitest'
import type { JoinOptions } from '../../client/index.ts'
import type { Party } from '../../client/identity/pair-keys.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { eventually } from './eventually.ts'
import { joinObserved, type ObservedNetwork } from './observed-network.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { ScriptedRoom, type Seat } from './scripted-room.ts'

export const NETWORK = 'hostile'

export interface Scene {
  readonly room: ScriptedRoom
  readonly ada: ObservedNetwork
  readonly bob: ObservedNetwork
  readonly eve: ScriptedPeer
  /** Ada's place in the room, and her keys as everybody knows them. */
  readonly seat: Seat
  readonly party: Party
  /** Ada has heard these since the last check, in this order, and nothing else; and she and Bob can still talk. */
  undisturbed(...heard: readonly { readonly from: PeerId; readonly data: string }[]): Promise<void>
  /** Ada reported exactly these faults, in any order. */
  reported(...reasons: readonly string[]): Promise<void>
  close(): Promise<void>
}

export async function openScene(adaOptions: JoinOptions = {}): Promise<Scene> {
  const room = await ScriptedRoom.open(NETWORK)
  const ada = await joinObserved(room.roomUrl, { name: 'Ada', ...adaOptions })
  const bob = await joinObserved(room.roomUrl, { name: 'Bob' })
  const { peerId } = ada.network
  const bobId = bob.network.peerId
  await eventually(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
  const seat = room.seat(peerId)
  const expected: { readonly from: PeerId; readonly data: string }[] = []
  return {
    room,
    ada,
    bob,
    seat,
    eve: await ScriptedPeer.create(NETWORK),
    party: { peerId, core: seat.ticket.announcement.core },
    undisturbed: async (...heard) => {
      expected.push(...heard)
      await eventually(() => expect(ada.messages.length).toBeGreaterThanOrEqual(expected.length))
      const check = `still here ${expected.length}`
      expected.push({ from: bobId, data: check })
      await bob.network.send(peerId, check)
      await eventually(() => expect(ada.messages.length).toBeGreaterThanOrEqual(expected.length))
      expect(ada.messages).toEqual(expected)
      await ada.network.send(bobId, check)
      await eventually(() => expect(bob.messages.at(-1)).toEqual({ from: peerId, data: check }))
    },
    reported: async (...reasons) => {
      await eventually(() => expect(ada.errors.map(({ reason }) => reason).toSorted()).toEqual(reasons.toSorted()))
      expect(new Set(ada.errors.map(({ code }) => code))).toEqual(
        new Set(reasons.length > 0 ? ['peer-misbehaved'] : []),
      )
    },
    close: async () => {
      await Promise.all([ada.network.close(), bob.network.close()])
      await room.close()
    },
  }
}
