/** The page's part of the bench of live entries: joined with a ledger, it tells when messages and entries came. */
import { createIdentity } from '../../../client/identity/identity.ts'
import { join, type Network } from '../../../client/index.ts'
import { openLedger } from '../../../client/qdag/open-ledger.ts'
import { IndexedDbStore } from '../../../client/qdag/stores/indexed-db-store.ts'
import { nowMs } from '../link/pages/lane.ts'
import { wiredConnection } from '../link/pages/wired-connection.ts'

const networks = new Map<string, Network>()
/** When each message and each entry was there, by its text. */
const seenAtMs = new Map<string, number>()

globalThis.live = {
  async join(lane, roomUrl, isWired) {
    const identity = await createIdentity()
    const ledger = await openLedger({ network: roomUrl, identity, store: (id) => IndexedDbStore.open(id) })
    const engine = wiredConnection((port) => standInFor(lane, port))
    const network = await join(roomUrl, {
      identity,
      ledger,
      iceServers: [],
      ...(isWired && { rtc: { RTCPeerConnection: engine, rank: 1, takesConfiguration: true, honoursRelayOnly: true } }),
    })
    network.on('message', ({ data }) => void seenAtMs.set(String(data), nowMs()))
    ledger.on('entry', ({ entry }) => void seenAtMs.set(entry.taskId, nowMs()))
    networks.set(lane, network)
  },
  isReady(lane) {
    const network = networks.get(lane)
    const [peer] = network?.peers.values() ?? []
    const [sync] = network?.ledger?.syncs().values() ?? []
    return peer?.path.kind === 'direct' && sync === 'live'
  },
  async say(lane, text) {
    const startedAtMs = nowMs()
    await networks.get(lane)?.broadcast(text)
    return startedAtMs
  },
  async contribute(lane, taskId) {
    const startedAtMs = nowMs()
    await networks.get(lane)?.contribute({ taskId, computeUnits: 100 })
    return { startedAtMs, madeAtMs: seenAtMs.get(taskId) ?? Number.NaN }
  },
  seenAtMs: (text) => seenAtMs.get(text),
  async leave(lane) {
    await networks.get(lane)?.close()
    networks.delete(lane)
  },
}
