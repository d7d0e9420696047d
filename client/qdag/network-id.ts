/** Which network a ledger belongs to, in any of the forms in which people name one. */
import { fromBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES } from '../../protocol/limits.ts'
import { isPlainName, networkIdOfName } from '../../protocol/network.ts'
import { EdgeNetError } from '../errors.ts'

/**
 * The 32-byte id of a network.
 *
 * @param network a room URL, a plain name, or an id: `net-` and 43 base64url characters
 * @throws EdgeNetError `invalid-argument` for anything else
 */
export async function networkIdOf(network: string): Promise<Bytes> {
  const name = /^https?:\/\/[^/]+\/n\/([^/]+)\/?$/.exec(network)?.[1] ?? network
  if (isPlainName(name)) return networkIdOfName(name)
  const id = name.startsWith('net-') ? fromBase64Url(name.slice('net-'.length)) : undefined
  if (id?.length === KEY_BYTES) return id
  const hint = 'Use https://HOST/n/NETWORK, the name of a network, or its id (net-…).'
  throw new EdgeNetError('invalid-argument', 'network', `"${network}" names no network.`, hint)
}
