/**
 * A small symmetric picture of a contributor key, so that two peers of the same name can be told apart at a glance.
 * It helps the eye and proves nothing.
 */

const CELLS = 5
const MIRRORED_COLUMNS = 3
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The path data of the picture in a 5 × 5 view box. The left half comes from the key's first 15 characters. */
export function identiconPath(siteId: string): string {
  let path = ''
  for (let cell = 0; cell < CELLS * MIRRORED_COLUMNS; cell++) {
    const filled = BASE64URL.indexOf(siteId[cell] ?? 'A') % 2 === 1
    if (!filled) continue
    const x = cell % MIRRORED_COLUMNS
    const y = Math.floor(cell / MIRRORED_COLUMNS)
    for (const column of new Set([x, CELLS - 1 - x])) path += `M${column} ${y}h1v1h-1z`
  }
  return path
}
