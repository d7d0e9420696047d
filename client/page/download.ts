/** Hands a person a file. */

/** Browsers have begun to read it by then. */
const REVOKE_AFTER_MS = 60_000

export function download(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_AFTER_MS)
}

/** A name for a file out of a text from a stranger: letters, digits and hyphens of it. */
export function fileName(text: string, extension: string): string {
  const plain = text
    .normalize('NFKC')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40)
  return `${plain || 'edge-net'}.${extension}`
}
