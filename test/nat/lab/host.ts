/** A machine somewhere: behind a NAT, or with a public address. Peers run on it, and it can change its network. */
import { NodePeer } from '../peer/node-peer.ts'
import { PagePeer } from '../peer/page-peer.ts'
import type { Internet } from './internet.ts'
import { freshNamespaceName, Namespace } from './namespace.ts'
import type { NatType } from './nat.ts'
import { runProbe, type ProbeResult } from './probe.ts'
import { Router } from './router.ts'
import { ip } from './shell.ts'

const DEVICE = 'eth0'

export class Host {
  nat: NatType
  readonly #internet: Internet
  readonly #namespace = new Namespace(freshNamespaceName('host'))
  readonly #certificate: string
  #address: string | undefined
  readonly #routers: Router[] = []
  readonly #peers = new Set<{ close(): Promise<void> }>()

  constructor(internet: Internet, nat: NatType, certificate: string) {
    this.#internet = internet
    this.nat = nat
    this.#certificate = certificate
  }

  async create(): Promise<this> {
    await this.#namespace.create()
    const plug = await this.#prepare(this.nat)
    await plug()
    return this
  }

  /** The address under which the internet knows it. */
  get publicAddress(): string {
    return this.#router?.publicAddress ?? this.#address ?? ''
  }

  /** A Node process with the SDK and its engine. */
  node(): Promise<NodePeer> {
    return this.#keep(NodePeer.start(this.#namespace))
  }

  /** A Chromium with a page. */
  chromium(): Promise<PagePeer> {
    return this.#keep(PagePeer.start(this.#namespace, this.#certificate))
  }

  peer(engine: 'node' | 'chromium'): Promise<NodePeer | PagePeer> {
    return engine === 'node' ? this.node() : this.chromium()
  }

  /** What NAT a program on this host finds itself behind. */
  probe(): Promise<ProbeResult> {
    return runProbe(this.#namespace)
  }

  /** Takes the cable out, and puts it into another network: everything that was open hangs, without an event. */
  async moveTo(nat: NatType): Promise<void> {
    const plug = await this.#prepare(nat)
    await ip(`-n ${this.#namespace.name} link del ${DEVICE}`)
    this.nat = nat
    await plug()
  }

  /** Another address in the same network: a lease of the LAN, or of the provider where there is no NAT. */
  async changeAddress(): Promise<void> {
    if (this.#router) return this.#router.readdressHost(this.#namespace, DEVICE)
    const address = this.#internet.freshAddress()
    await this.#internet.readdress(this.#namespace, DEVICE, this.publicAddress, address)
    this.#address = address
  }

  async changePublicAddress(): Promise<void> {
    await (this.#router ? this.#router.changePublicAddress() : this.changeAddress())
  }

  async forgetMappings(): Promise<void> {
    await this.#router?.forgetMappings()
  }

  /** Ends every TCP connection of the host, as a middlebox does that resets what it does not know. */
  async resetTcp(): Promise<number> {
    const killed = await this.#namespace.run('ss', ['-K', '-tnH', 'state', 'established'])
    return killed.split('\n').filter((line) => line !== '').length
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.close().catch(() => undefined)))
    await this.#namespace.remove()
    for (const router of this.#routers) await router.remove()
  }

  get #router(): Router | undefined {
    return this.nat === 'none' ? undefined : this.#routers.at(-1)
  }

  /** Makes a network ready; what it returns plugs the host in. */
  async #prepare(nat: NatType): Promise<() => Promise<void>> {
    if (nat === 'none') {
      this.#address = this.#internet.freshAddress()
      const addresses = [this.#address]
      return () => this.#internet.connect(this.#namespace, DEVICE, addresses)
    }
    const router = new Router(this.#internet, nat)
    this.#routers.push(router)
    await router.create()
    return () => router.connect(this.#namespace, DEVICE)
  }

  async #keep<Peer extends { close(): Promise<void> }>(starting: Promise<Peer>): Promise<Peer> {
    const peer = await starting
    this.#peers.add(peer)
    return peer
  }
}
