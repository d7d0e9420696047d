/** A home router: a public address, a LAN of one host, and a NAT of some type between them. */
import { mac, type Internet } from './internet.ts'
import { freshNamespaceName, Namespace } from './namespace.ts'
import { LAN, natRules, ROUTER_SYSCTLS, WAN, type NatType } from './nat.ts'
import { ip } from './shell.ts'

export type NatRouterType = Exclude<NatType, 'none'>

let count = 0

export class Router {
  readonly type: NatRouterType
  publicAddress: string
  readonly #internet: Internet
  readonly #namespace: Namespace
  readonly #number = ++count
  #zone = 1
  #cables = 0

  constructor(internet: Internet, type: NatRouterType) {
    this.type = type
    this.#internet = internet
    this.publicAddress = internet.freshAddress()
    this.#namespace = new Namespace(freshNamespaceName('nat'))
  }

  async create(): Promise<this> {
    await this.#namespace.create(ROUTER_SYSCTLS)
    await this.#internet.connect(this.#namespace, WAN, [this.publicAddress])
    await this.#namespace.nft(natRules(this.type, this.#zone))
    return this
  }

  /** Plugs a host in. */
  async connect(host: Namespace, device: string): Promise<void> {
    const number = this.#number * 256 + ++this.#cables
    await ip(
      `link add ${LAN} netns ${this.#namespace.name} address ${mac(2, number)} type veth ` +
        `peer name ${device} netns ${host.name} address ${mac(3, number)}`,
      `-n ${this.#namespace.name} addr add ${this.#address(1)}/24 dev ${LAN}`,
      `-n ${this.#namespace.name} link set ${LAN} up`,
      `-n ${host.name} addr add ${this.#address(2)}/24 dev ${device}`,
      `-n ${host.name} link set ${device} up`,
      `-n ${host.name} route add default via ${this.#address(1)}`,
    )
  }

  /** The host gets another address of the LAN, as with a new lease. */
  async readdressHost(host: Namespace, device: string): Promise<void> {
    await ip(
      `-n ${host.name} addr flush dev ${device}`,
      `-n ${host.name} addr add ${this.#address(9)}/24 dev ${device}`,
      `-n ${host.name} route add default via ${this.#address(1)}`,
    )
  }

  /** Forgets which port belongs to whom, as a router does that restarts. */
  async forgetMappings(): Promise<void> {
    await this.#namespace.nft(natRules(this.type, ++this.#zone))
  }

  /** The provider gives another address; what belonged to the old one is forgotten. */
  async changePublicAddress(): Promise<void> {
    const address = this.#internet.freshAddress()
    await this.#internet.readdress(this.#namespace, WAN, this.publicAddress, address)
    this.publicAddress = address
    await this.forgetMappings()
  }

  remove(): Promise<void> {
    return this.#namespace.remove()
  }

  #address(host: number): string {
    return `192.168.${this.#number % 250}.${host}`
  }
}
