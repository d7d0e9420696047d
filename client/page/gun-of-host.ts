/** Gun relays that the host names in the page. Without any, nothing of Gun is loaded. */
import type { Carrier } from '../carrier/carrier.ts'
import type { gunCarrier } from '../carrier/gun/index.ts'
import { LateCarrier } from './late-carrier.ts'

const NAMED_IN = 'meta[name="edge-net-gun-relays"]'
/** What the host serves to every application. A part of the page's own would make all of it fall into more pieces. */
const CODE: string = '/edge-net-gun.js'

/** Carriers to join with: none, or one. */
export function gunOfHost(): readonly Carrier[] {
  const relays = document.querySelector<HTMLMetaElement>(NAMED_IN)?.content.split(' ').filter(Boolean) ?? []
  if (relays.length === 0) return []
  const load = async () => {
    const code = (await import(CODE)) as { readonly gunCarrier: typeof gunCarrier }
    return code.gunCarrier({ relays })
  }
  return [new LateCarrier({ name: 'gun', carriesBulk: false }, load)]
}
