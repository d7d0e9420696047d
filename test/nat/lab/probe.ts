/**
 * Finds out what NAT a host is behind, in the way of RFC 5780: a server with two addresses and two ports tells which
 * address it saw, and answers from another one when it is asked to.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { SERVER_ADDRESS, TURN_ADDRESS } from './internet.ts'
import type { Namespace } from './namespace.ts'
import type { NatType } from './nat.ts'

export interface ProbeResult {
  readonly udp: boolean
  /** Whether the mapping depends on whom one talks to. */
  readonly mapping?: 'endpoint-independent' | 'address-and-port-dependent'
  /** Who may answer: anybody, the address written to, or only its port. */
  readonly filtering?: 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'
  /** The address that the server saw is the host's own. */
  readonly translated?: boolean
  readonly tcpPorts: readonly number[]
}

/** Ports of the probe's server, of the Worker and of coturn. */
const UDP_PORTS = [7001, 7002] as const
export const TCP_PORTS = [443, 7003] as const
const WAIT_MS = 700

const DEPENDENT = { mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent' } as const
const CONE = { udp: true, mapping: 'endpoint-independent', translated: true, tcpPorts: TCP_PORTS } as const

/** What the probe has to say of each type. */
export const EXPECTED: Record<NatType, ProbeResult> = {
  none: { ...CONE, filtering: 'endpoint-independent', translated: false },
  'full-cone': { ...CONE, filtering: 'endpoint-independent' },
  'addr-restricted': { ...CONE, filtering: 'address-dependent' },
  'port-restricted': { ...CONE, filtering: 'address-and-port-dependent' },
  symmetric: { ...CONE, ...DEPENDENT },
  'udp-blocked': { udp: false, tcpPorts: TCP_PORTS },
  'tcp-443': { udp: false, tcpPorts: [443] },
}

/** Runs inside the server's namespace. */
export async function startProbeServer(): Promise<void> {
  const sockets = new Map<string, Socket>()
  for (const address of [SERVER_ADDRESS, TURN_ADDRESS]) {
    for (const port of UDP_PORTS) {
      const socket = createSocket('udp4')
      socket.bind(port, address)
      await once(socket, 'listening')
      sockets.set(`${address}:${port}`, socket)
      // The message names the socket that shall answer.
      socket.on('message', (message, from) => {
        const answer = sockets.get(message.toString()) ?? socket
        answer.send(`${from.address}:${from.port}`, from.port, from.address)
      })
    }
  }
}

export async function runProbe(namespace: Namespace): Promise<ProbeResult> {
  const child = namespace.spawn(process.execPath, [import.meta.filename], ['ignore', 'pipe', 'inherit'])
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  return JSON.parse(text) as ProbeResult
}

async function probe(): Promise<ProbeResult> {
  const [first, second] = UDP_PORTS
  const [here, there] = [`${SERVER_ADDRESS}:${first}`, `${TURN_ADDRESS}:${second}`]
  const tcpPorts: number[] = []
  for (const port of TCP_PORTS) if (await opens(port)) tcpPorts.push(port)

  const socket = createSocket('udp4')
  const seen = [await ask(socket, here), await ask(socket, `${SERVER_ADDRESS}:${second}`), await ask(socket, there)]
  const own = socket.address().port
  socket.close()
  if (!seen[0]) return { udp: false, tcpPorts }

  const stranger = createSocket('udp4')
  const fromOtherPort = await ask(stranger, here, `${SERVER_ADDRESS}:${second}`)
  stranger.close()
  const stranger2 = createSocket('udp4')
  const fromOtherAddress = await ask(stranger2, here, there)
  stranger2.close()
  const { networkInterfaces } = await import('node:os')
  const addresses = Object.values(networkInterfaces()).flatMap((some) => some?.map(({ address }) => address) ?? [])
  return {
    udp: true,
    mapping: new Set(seen).size === 1 ? 'endpoint-independent' : 'address-and-port-dependent',
    filtering: fromOtherAddress
      ? 'endpoint-independent'
      : fromOtherPort
        ? 'address-dependent'
        : 'address-and-port-dependent',
    translated: !addresses.some((address) => seen[0] === `${address}:${own}`),
    tcpPorts,
  }
}

/** Asks a socket of the server, maybe for an answer by another; `undefined` when none comes. */
function ask(socket: Socket, to: string, answerFrom = to): Promise<string | undefined> {
  const [address = '', port] = to.split(':')
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), WAIT_MS)
    socket.once('message', (message) => {
      clearTimeout(timer)
      resolve(message.toString())
    })
    socket.send(answerFrom, Number(port), address)
  })
}

function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: TURN_ADDRESS, port })
    const done = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.setTimeout(WAIT_MS, () => done(false))
    socket.on('connect', () => done(true))
    socket.on('error', () => done(false))
  })
}

if (process.argv[1] === import.meta.filename) process.stdout.write(JSON.stringify(await probe()))
