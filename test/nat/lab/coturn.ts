/** The real coturn: STUN and TURN over UDP and TCP 3478, TCP 80 and TLS 443, with the Worker's shared secret. */
import type { ChildProcess } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TURN_ADDRESS } from './internet.ts'
import type { Namespace } from './namespace.ts'
import { TURN_SECRET } from './server-program.ts'
import { sh } from './shell.ts'

const READY_WITHIN_MS = 10_000

export class Coturn {
  /** Hash of its certificate's key, by which browsers are told to accept it. */
  certificate = ''
  readonly #namespace: Namespace
  readonly #folder: string
  #process: ChildProcess | undefined

  constructor(namespace: Namespace, folder: string) {
    this.#namespace = namespace
    this.#folder = folder
  }

  async start(): Promise<void> {
    const [key, certificate] = [join(this.#folder, 'turn-key.pem'), join(this.#folder, 'turn-certificate.pem')]
    if (this.certificate === '') {
      const subject = ['-subj', '/CN=turn', '-addext', `subjectAltName=IP:${TURN_ADDRESS}`]
      const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      await sh('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', certificate, ...subject])
      const { publicKey } = new X509Certificate(await readFile(certificate))
      const spki = publicKey.export({ type: 'spki', format: 'der' })
      this.certificate = createHash('sha256').update(spki).digest('base64')
    }
    const options = {
      'listening-ip': TURN_ADDRESS,
      'relay-ip': TURN_ADDRESS,
      'listening-port': 3478,
      'tls-listening-port': 443,
      'aux-server': `${TURN_ADDRESS}:80`,
      realm: 'laboratory',
      'static-auth-secret': TURN_SECRET,
      cert: certificate,
      pkey: key,
      'log-file': join(this.#folder, 'turnserver.log'),
      pidfile: join(this.#folder, 'turnserver.pid'),
      userdb: join(this.#folder, 'turndb'),
    }
    const flags = ['--use-auth-secret', '--fingerprint', '--no-cli', '--simple-log', '-n']
    const args = [...flags, ...Object.entries(options).map(([name, value]) => `--${name}=${value}`)]
    this.#process = this.#namespace.spawn('turnserver', args, 'ignore')
    await this.#ready()
  }

  /** Ends it as a crash does; its allocations are gone. */
  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (!running) return
    const ended = new Promise((resolve) => running.once('close', resolve))
    running.kill('SIGKILL')
    await ended
  }

  async #ready(): Promise<void> {
    const deadlineMs = performance.now() + READY_WITHIN_MS
    while (performance.now() < deadlineMs) {
      const listening = await this.#namespace.run('ss', ['-tlnH', 'sport', '=', ':443'])
      if (listening.includes(TURN_ADDRESS)) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`coturn did not start; see ${this.#folder}/turnserver.log`)
  }
}
