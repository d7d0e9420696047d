/**
 * A WebSocket client (RFC 6455) for load: no compression, no queue of its own, frames prepared before the clock starts.
 * Libraries cost more processor time than the servers under test, which share the machine with this.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

const OPCODE_TEXT = 1
const OPCODE_BINARY = 2
const OPCODE_CLOSE = 8

/** A finished client frame. The masking key is zero, which the standard permits and which leaves the payload as it is. */
export function clientFrame(payload: string | Uint8Array): Buffer {
  const opcode = typeof payload === 'string' ? OPCODE_TEXT : OPCODE_BINARY
  return frameOf(opcode, Buffer.from(payload))
}

function frameOf(opcode: number, payload: Buffer): Buffer {
  const mask = Buffer.alloc(4)
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | length]), mask, payload])
  if (length > 0xffff) throw new RangeError(`A load frame of ${length} bytes; 65,535 are the most.`)
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | 126, length >> 8, length & 0xff]), mask, payload])
}

export class LoadSocket {
  onText: (text: string) => void = () => {}
  onBinary: (bytes: Buffer) => void = () => {}
  onClose: (code: number, reason: string) => void = () => {}
  readonly #tcp: Socket
  #rest: Buffer = Buffer.alloc(0)

  private constructor(tcp: Socket) {
    this.#tcp = tcp
  }

  /** Connects, upgrades and hands over the socket before the first frame is read. */
  static open(port: number, path: string, protocols: readonly string[] = []): Promise<LoadSocket> {
    return new Promise((resolve, reject) => {
      const tcp = connect({ port, host: '127.0.0.1', noDelay: true })
      const socket = new LoadSocket(tcp)
      let head = Buffer.alloc(0)
      const readHead = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk])
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        tcp.off('data', readHead)
        if (!head.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) {
          reject(new Error(`The upgrade was refused: ${head.toString('latin1', 0, 400)}`))
          tcp.destroy()
          return
        }
        tcp.on('data', (data) => socket.#read(data))
        resolve(socket)
        // The caller sets its handlers in the microtask after this; a frame that came with the head waits for them.
        socket.#rest = head.subarray(end + 4)
        setImmediate(() => socket.#read(Buffer.alloc(0)))
      }
      tcp.on('data', readHead)
      tcp.once('error', reject)
      tcp.on('close', () => {
        reject(new Error('The connection ended before the upgrade.'))
        socket.onClose(1006, 'The connection ended.')
      })
      const offered = protocols.length > 0 ? `Sec-WebSocket-Protocol: ${protocols.join(', ')}\r\n` : ''
      tcp.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${offered}\r\n`,
      )
    })
  }

  /** Writes a frame made by {@link clientFrame}. */
  write(frame: Buffer): void {
    this.#tcp.write(frame)
  }

  /** Says goodbye and resolves when the connection has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#tcp.once('close', () => resolve())
      this.#tcp.write(frameOf(OPCODE_CLOSE, Buffer.from([0x03, 0xe8])))
    })
  }

  #read(chunk: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    for (;;) {
      const frame = firstFrame(data)
      if (!frame) break
      data = data.subarray(frame.end)
      if (frame.opcode === OPCODE_TEXT) this.onText(frame.payload.toString())
      else if (frame.opcode === OPCODE_BINARY) this.onBinary(frame.payload)
      else if (frame.opcode === OPCODE_CLOSE) {
        const code = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005
        this.onClose(code, frame.payload.toString('utf8', 2))
        this.#tcp.end()
      }
    }
    this.#rest = data
  }
}

function firstFrame(data: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (data.length < 2) return undefined
  const opcode = data.readUInt8(0) & 0x0f
  let length = data.readUInt8(1) & 0x7f
  let at = 2
  if (length === 126) {
    if (data.length < 4) return undefined
    length = data.readUInt16BE(2)
    at = 4
  } else if (length === 127) {
    if (data.length < 10) return undefined
    length = Number(data.readBigUInt64BE(2))
    at = 10
  }
  return data.length < at + length ? undefined : { opcode, payload: data.subarray(at, at + length), end: at + length }
}
