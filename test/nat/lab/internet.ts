/**
 * The internet of a laboratory: a router in a namespace of its own, with a cable to every site. It forwards between
 * public addresses, and here traffic between sites is cut, thinned and counted.
 */
import { freshNamespaceName, Namespace } from './namespace.ts'
import { ip } from './shell.ts'

/** TEST-NET-2 (RFC 5737): nobody has these addresses. */
const GATEWAY = '198.51.100.1'
const FIRST_SITE = 20
export const SERVER_ADDRESS = '198.51.100.2'
/** coturn, and the second address of the probe. */
export const TURN_ADDRESS = '198.51.100.3'
/** One Worker for each set of ICE servers. */
export const WORKER_ADDRESSES = { stun: '198.51.100.4', 'turn-udp': '198.51.100.5', turn: '198.51.100.6' } as const

/** What a rule applies to: everything, or what travels between a site's addresses and others. */
export interface Traffic {
  readonly protocol?: 'udp' | 'tcp'
  /** From or to this address. */
  readonly address?: string
  /** … and the other end is this one. */
  readonly peer?: string
}

export class Internet {
  readonly #namespace = new Namespace(freshNamespaceName('internet'))
  #sites = 0
  #interfaces = 0

  async create(): Promise<this> {
    await this.#namespace.create({ 'net/ipv4/ip_forward': 1, 'net/ipv4/icmp_ratelimit': 0 })
    await ip(`-n ${this.#namespace.name} addr add ${GATEWAY}/32 dev lo`)
    await this.clearFaults()
    return this
  }

  freshAddress(): string {
    return `198.51.100.${FIRST_SITE + this.#sites++}`
  }

  /** Lays a cable to a namespace, whose end of it gets public addresses and the default route. */
  async connect(site: Namespace, device: string, addresses: readonly string[]): Promise<void> {
    const cable = `site${++this.#interfaces}`
    const here = `-n ${this.#namespace.name}`
    await ip(
      `link add ${cable} netns ${this.#namespace.name} address ${mac(0, this.#interfaces)} type veth ` +
        `peer name ${device} netns ${site.name} address ${mac(1, this.#interfaces)}`,
      `${here} link set ${cable} up`,
      `-n ${site.name} link set ${device} up`,
      ...addresses.flatMap((address) => [
        `-n ${site.name} addr add ${address}/32 dev ${device}`,
        `${here} route add ${address}/32 dev ${cable}`,
      ]),
      `-n ${site.name} route add ${GATEWAY}/32 dev ${device}`,
      `-n ${site.name} route add default via ${GATEWAY} dev ${device} onlink`,
    )
  }

  /** Gives a site another public address in place of the one that it has. */
  async readdress(site: Namespace, device: string, from: string, to: string): Promise<void> {
    const route = await this.#namespace.run('ip', ['route', 'show', `${from}/32`])
    const cable = /dev (\S+)/.exec(route)?.[1]
    if (!cable) throw new Error(`no site has the address ${from}`)
    await ip(
      `-n ${this.#namespace.name} route del ${from}/32`,
      `-n ${this.#namespace.name} route add ${to}/32 dev ${cable}`,
      `-n ${site.name} addr add ${to}/32 dev ${device}`,
      `-n ${site.name} addr del ${from}/32 dev ${device}`,
      `-n ${site.name} route replace default via ${GATEWAY} dev ${device} onlink`,
    )
  }

  /** Loses this share of the packets, at random, each way; 1 cuts. Faults add up until they are cleared. */
  async lose(share: number, traffic: Traffic): Promise<void> {
    const { protocol, address, peer } = traffic
    const chance = share >= 1 ? '' : `numgen random mod 1000 < ${Math.round(share * 1000)}`
    const rule = (from: string | undefined, to: string | undefined) =>
      [
        'add rule ip faults forward',
        protocol && `meta l4proto ${protocol}`,
        from && `ip saddr ${from}`,
        to && `ip daddr ${to}`,
        `${chance} counter drop`,
      ]
        .filter(Boolean)
        .join(' ')
    await this.#namespace.nft(`${rule(address, peer)}\n${rule(peer, address)}\n`)
  }

  async clearFaults(): Promise<void> {
    await this.#namespace.nft(`table ip faults
delete table ip faults
table ip faults {
  chain forward { type filter hook forward priority filter; }
}`)
  }

  /** The rules with their counters: what was really dropped. */
  faults(): Promise<string> {
    return this.#namespace.run('nft', ['list', 'table', 'ip', 'faults'])
  }

  /** Records the packets that pass, until the namespace goes. */
  record(file: string): void {
    this.#namespace.spawn('tshark', ['-q', '-i', 'any', '-w', file], 'ignore')
  }

  remove(): Promise<void> {
    return this.#namespace.remove()
  }
}

/** Fixed hardware addresses: with random ones a namespace that is made anew is silent until its neighbours notice. */
export function mac(side: number, number: number): string {
  const hex = (value: number) => value.toString(16).padStart(2, '0')
  return `02:00:${hex(side)}:00:${hex(number >> 8)}:${hex(number & 255)}`
}
