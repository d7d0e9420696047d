/** An invite's link as a QR code on a terminal: half blocks, so that it is as wide as it is high. */
import type { Style } from '../terminal.ts'

/** A scanner needs some quiet around the code (ISO/IEC 18004 says 4 modules; phones do with 2, and lines are dear). */
const BORDER_MODULES = 2

/**
 * Draws it, or leaves it out where it would be broken.
 *
 * @param columns of the terminal
 * @returns `undefined` when the code is wider than the terminal, or when what makes codes is not installed
 */
export async function qrCode(columns: number, style: Style): Promise<(text: string) => string | undefined> {
  // Most runs make no invite.
  const qr = await import('uqr').catch(() => undefined)
  return (text) => {
    const modules = qr?.encode(text, { border: BORDER_MODULES, ecc: 'L' }).data
    if (!modules || modules.length > columns) return undefined
    const lines: string[] = []
    for (let y = 0; y < modules.length; y += 2) {
      const upper = modules[y] ?? []
      const lower = modules[y + 1] ?? []
      lines.push(style.code(upper.map((isDark, x) => halfBlock(isDark, lower[x] ?? false)).join('')))
    }
    return lines.join('\n')
  }
}

/** Light modules are drawn and dark ones left out: most terminals are dark, and where there is colour it says so. */
function halfBlock(upperIsDark: boolean, lowerIsDark: boolean): string {
  if (upperIsDark) return lowerIsDark ? ' ' : '▄'
  return lowerIsDark ? '▀' : '█'
}
