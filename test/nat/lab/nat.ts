/**
 * NAT types as rules of nftables, in the terms of RFC 4787. Linux itself is a port-restricted cone (it keeps the source
 * port where it can, and lets answers in) or, with random ports, symmetric. The two open cones need a memory of their
 * own: which port belongs to whom, and who has been written to. All rules are nft's, because iptables has no such
 * memory; the kernel's NAT behind both is the same.
 */

export const NAT_TYPES = [
  'none',
  'full-cone',
  'addr-restricted',
  'port-restricted',
  'symmetric',
  'udp-blocked',
  'tcp-443',
] as const

/** `none`: a public address, and nothing in between. `tcp-443`: only TCP to ports 80 and 443 gets out, and DNS. */
export type NatType = (typeof NAT_TYPES)[number]

/** How routers are wired: `wan` leads to the internet, `lan` to the host. */
export const WAN = 'wan'
export const LAN = 'lan'

/** RFC 4787 wants at least two minutes. */
const MAPPING_LIFE = '2m'

/** What a type lets out; the rest is dropped in silence, which is the worst case for who waits. */
const OUTBOUND: Record<Exclude<NatType, 'none'>, string> = {
  'full-cone': 'accept',
  'addr-restricted': 'accept',
  'port-restricted': 'accept',
  symmetric: 'accept',
  'udp-blocked': 'udp dport 53 accept; meta l4proto tcp accept; meta l4proto icmp accept',
  'tcp-443': 'udp dport 53 accept; tcp dport { 80, 443 } accept',
}

/** Lets strangers in to a port that the host has used: anybody, or whose address it has written to. */
const INBOUND: Partial<Record<NatType, string>> = {
  'full-cone': `iifname ${WAN} meta l4proto udp dnat to udp dport map @owner`,
  'addr-restricted': `iifname ${WAN} meta l4proto udp ip saddr . udp dport @contacted dnat to udp dport map @owner`,
}

/**
 * The rules of a home router. `zone` numbers the memory of its connections: with another number every mapping is
 * forgotten at once, as when the router restarts.
 */
export function natRules(type: Exclude<NatType, 'none'>, zone: number): string {
  return `
table ip nat_type
delete table ip nat_type
table ip nat_type {
  map owner { type inet_service : ipv4_addr; flags dynamic,timeout; timeout ${MAPPING_LIFE}; }
  set contacted { type ipv4_addr . inet_service; flags dynamic,timeout; timeout ${MAPPING_LIFE}; }

  chain zone { type filter hook prerouting priority raw; ct zone set ${zone}; }
  chain inbound { type nat hook prerouting priority dstnat; ${INBOUND[type] ?? ''}; }

  # What strangers send to a port that nobody uses must not be remembered as a connection of the router's own: it would
  # take the port away from the host, and two port-restricted cones would never meet.
  chain input { type filter hook input priority filter; iifname ${WAN} drop; }
  chain forward {
    type filter hook forward priority filter; policy drop;
    # Also TCP that began before the mappings were forgotten: it dies in silence, as behind real routers.
    ct state invalid drop
    iifname ${WAN} ct state established,related accept
    iifname ${WAN} ct status dnat accept
    iifname ${LAN} jump outbound
  }
  chain outbound { ${OUTBOUND[type]}; }

  chain remember {
    type filter hook postrouting priority srcnat - 1;
    oifname ${WAN} meta l4proto udp update @owner { udp sport : ip saddr }
    oifname ${WAN} meta l4proto udp update @contacted { ip daddr . udp sport }
  }
  chain translate {
    type nat hook postrouting priority srcnat;
    oifname ${WAN} masquerade ${type === 'symmetric' ? 'fully-random' : ''}
  }
}`
}

/** Routers forward, and take no TCP connection from the middle for a new one. */
export const ROUTER_SYSCTLS = { 'net/ipv4/ip_forward': 1, 'net/netfilter/nf_conntrack_tcp_loose': 0 } as const
