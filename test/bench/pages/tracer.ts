/**
 * Marks what a page asks of the platform while it joins: sockets, connections and cryptography, ours and the control's
 * alike, without touching their code. Used by the profile only, since marking costs time.
 */
import { mark } from './recorder.ts'

type Method = (...args: unknown[]) => unknown

export function trace(): void {
  globalThis.WebSocket = constructed('WebSocket', globalThis.WebSocket, (socket) => {
    socket.addEventListener('open', () => mark('< socket open'))
    socket.addEventListener('message', ({ data }) => {
      const type = typeof data === 'string' ? (/"type":"([\w-]+)"/.exec(data)?.[1] ?? 'signal') : 'envelope'
      mark(`< ${type}`)
    })
  })
  globalThis.RTCPeerConnection = constructed('RTCPeerConnection', globalThis.RTCPeerConnection, (connection) => {
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate) mark('< candidate')
    })
    for (const event of ['iceconnectionstatechange', 'connectionstatechange'] as const) {
      connection.addEventListener(event, () => {
        mark(
          `< ${event === 'connectionstatechange' ? connection.connectionState : `ice ${connection.iceConnectionState}`}`,
        )
      })
    }
  })
  wrap(WebSocket.prototype, ['send'])
  wrap(RTCDataChannel.prototype, ['send'])
  wrap(RTCPeerConnection.prototype, [
    'createDataChannel',
    'createOffer',
    'createAnswer',
    'setLocalDescription',
    'setRemoteDescription',
    'addIceCandidate',
    'setConfiguration',
  ])
  wrap(SubtleCrypto.prototype, [
    'generateKey',
    'exportKey',
    'importKey',
    'sign',
    'verify',
    'digest',
    'deriveBits',
    'deriveKey',
    'encrypt',
    'decrypt',
  ])
}

/** The same constructor, marked before and after. */
function constructed<C extends typeof WebSocket | typeof RTCPeerConnection>(
  name: string,
  original: C,
  watch: (made: InstanceType<C>) => void,
): C {
  return new Proxy(original, {
    construct: (target, args) => {
      mark(`> new ${name}`)
      const made = Reflect.construct(target, args) as InstanceType<C>
      mark(`= new ${name}`)
      watch(made)
      return made
    },
  })
}

/** Marks calls (`>`), the return of slow ones (`=`) and the settling of their promises (`<`). */
function wrap(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    const original = Reflect.get(prototype, name) as Method
    Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]): unknown {
      mark(`> ${name}`)
      const startMs = performance.now()
      const result = Reflect.apply(original, this, args)
      if (performance.now() - startMs > SLOW_CALL_MS) mark(`= ${name} took ${(performance.now() - startMs).toFixed(1)}`)
      if (result instanceof Promise) {
        const settled = () => mark(`< ${name}`)
        result.then(settled, settled)
      }
      return result
    })
  }
}

/** Calls that hold up the page this long are worth a line. */
const SLOW_CALL_MS = 0.3
