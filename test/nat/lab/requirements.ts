/** What a laboratory needs of the machine that it runs on. */
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

const TOOLS = { ip: 'iproute2', ss: 'iproute2', nft: 'nftables', turnserver: 'coturn', openssl: 'openssl' } as const
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin']

/** Why there can be no laboratory here; `undefined` if there can be one. */
export async function whyNoLaboratory(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'making network namespaces needs root'
  const missing: string[] = []
  for (const [tool, debianPackage] of Object.entries(TOOLS)) {
    if (!(await isInstalled(tool))) missing.push(`${tool} (Debian: apt-get install ${debianPackage})`)
  }
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined
}

async function isInstalled(tool: string): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS]
  for (const folder of folders) {
    try {
      await access(join(folder, tool), constants.X_OK)
      return true
    } catch {
      // Not in this one.
    }
  }
  return false
}
