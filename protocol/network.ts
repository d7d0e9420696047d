/**
 * What a network's name means. A network is its genesis; the network id is the genesis' SHA-256. A plain name stands
 * for the implicit genesis {name, public, default parameters}, so the same name is the same network on every host.
 */
import { concat, fromBase64Url, toBase64Url, utf8, type Bytes } from './bytes.ts'
import { sha256 } from './hash.ts'
import { layout, text, uint } from './layout.ts'
import { KEY_BYTES } from './limits.ts'

/** 1 to 63 characters like a DNS label (RFC 1035): readable in a URL, free of look-alike letters and of case. */
const PLAIN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** In front of every genesis, implicit or founded, where it is hashed or signed. */
export const GENESIS_DOMAIN = utf8('edge-net/genesis/1\0')
const POLICY_PUBLIC = 0
const IMPLICIT_GENESIS = layout({ policy: uint(1), name: text(1, 63), parameters: uint(1) })

/** `net-` and 43 base64url characters name a network by its id; no plain name may look like one. */
const ID_PREFIX = 'net-'

/** True for a name that can stand for a public network: `mainnet`, `testnet`, `my-team-2`. */
export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name) && !name.startsWith(ID_PREFIX)
}

/**
 * The canonical genesis of a plain name: domain, policy u8, name with u8 length, parameter count u8 (none: all
 * parameters have their defaults).
 */
export function implicitGenesis(name: string): Bytes {
  return concat(GENESIS_DOMAIN, IMPLICIT_GENESIS.encode({ policy: POLICY_PUBLIC, name, parameters: 0 }))
}

/** The 32-byte id of the public network behind a plain name. */
export function networkIdOfName(name: string): Promise<Bytes> {
  return sha256(implicitGenesis(name))
}

/** `net-` and 43 base64url characters. */
export function networkIdText(networkId: Bytes): string {
  return ID_PREFIX + toBase64Url(networkId)
}

/** The network id that such a key stands for, or `undefined`. */
export function parseNetworkId(key: string): Bytes | undefined {
  const id = key.startsWith(ID_PREFIX) ? fromBase64Url(key.slice(ID_PREFIX.length)) : undefined
  return id?.length === KEY_BYTES ? id : undefined
}

/** What names a network in a room URL: a plain name, or the id of a founded network. */
export function isNetworkKey(key: string): boolean {
  return isPlainName(key) || parseNetworkId(key) !== undefined
}

/** The network id behind what names it in a room URL; the key must be one. */
export async function networkIdOfKey(key: string): Promise<Bytes> {
  return parseNetworkId(key) ?? networkIdOfName(key)
}
