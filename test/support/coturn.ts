/** A real STUN and TURN server on this machine's loopback, for one test: coturn on ports of its own. */
import { execFile, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { encodeRequest, METHOD } from '../../client/node/doctor/stun/message.ts'
import { UdpSocket } from '../../client/node/doctor/stun/udp.ts'

export interface Coturn {
  readonly port: number
  readonly tlsPort: number
  /** PEM file of the certificate, which nobody but the test has reason to trust. */
  readonly certificate: string
  close(): Promise<void>
}

/** Why there is none, or an empty string. */
export const coturnIsMissing = ['turnserver', 'openssl']
  .filter(
    (program) => !(process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program))),
  )
  .map((program) => `${program} is not installed`)
  .join(', ')

export const ADDRESS = '127.0.0.1'
/** A second one makes coturn tell OTHER-ADDRESS (RFC 5780). */
export const OTHER_ADDRESS = '127.0.0.2'

/** @param secret for credentials of the REST scheme, as the Worker makes them */
export async function startCoturn(secret: string): Promise<Coturn> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-net-coturn-'))
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=edge-net test', '-addext', `subjectAltName=IP:${ADDRESS}`]
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', certificate]
  await promisify(execFile)('openssl', ['req', '-x509', '-nodes', '-days', '2', ...made, ...subject])
  const [port, alternatePort, tlsPort, alternateTlsPort] = await freePorts(4)
  const ports = { 'listening-port': port, 'alt-listening-port': alternatePort }
  const tlsPorts = { 'tls-listening-port': tlsPort, 'alt-tls-listening-port': alternateTlsPort }
  const files = { cert: certificate, pkey: key, pidfile: join(folder, 'pid'), 'log-file': 'stdout' }
  const settings = { ...ports, ...tlsPorts, ...files, 'static-auth-secret': secret, realm: 'edge-net.test' }
  const child = spawn(
    'turnserver',
    [
      ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
      `--listening-ip=${ADDRESS}`,
      `--listening-ip=${OTHER_ADDRESS}`,
      '--use-auth-secret',
      '--no-cli',
      '--allow-loopback-peers',
      '-n',
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (log += text.toString()))
  const ended = once(child, 'exit')
  const close = async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true })
  }
  const socket = await UdpSocket.reaching(ADDRESS)
  // Repeats for three seconds, twice: it starts in a tenth of one.
  const answer =
    (await socket.ask(encodeRequest(METHOD.binding), { address: ADDRESS, port })) ??
    (await socket.ask(encodeRequest(METHOD.binding), { address: ADDRESS, port }))
  socket.close()
  if (answer) return { port, tlsPort, certificate, close }
  await close()
  throw new Error(`coturn does not answer\n${log}`)
}

/** Ports that are free now on UDP; coturn takes the same ones on TCP. */
async function freePorts(count: 4): Promise<[number, number, number, number]>
async function freePorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4').bind(0, ADDRESS))
  await Promise.all(sockets.map((socket) => once(socket, 'listening')))
  const ports = sockets.map((socket) => socket.address().port)
  for (const socket of sockets) socket.close()
  return ports
}
