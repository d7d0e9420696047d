/**
 * What a room must not learn of a connection: certificate fingerprints, ICE credentials and addresses, in every form in which
 * they could stand somewhere.
 */
export interface Secret {
  readonly what: string
  readonly forms: readonly Buffer[]
}

const text = (value: string) => Buffer.from(value)

/** The secrets of session descriptions as engines write them, candidates included. */
export function secretsIn(descriptions: readonly string[]): Secret[] {
  const secrets = new Map<string, Secret>()
  for (const line of descriptions.flatMap((description) => description.split(/\r?\n/))) {
    for (const secret of secretsOf(line)) secrets.set(secret.what, secret)
  }
  return [...secrets.values()]
}

export function isSeen({ forms }: Secret, seen: readonly Buffer[]): boolean {
  return seen.some((bytes) => forms.some((form) => bytes.includes(form)))
}

function secretsOf(line: string): Secret[] {
  const [, attribute, value = ''] = /^a=(fingerprint|ice-ufrag|ice-pwd|candidate):(.*)$/.exec(line) ?? []
  if (attribute === 'fingerprint') {
    const hex = value.replace(/^sha-256 /i, '')
    return [{ what: line, forms: bytesInAllForms(Buffer.from(hex.replaceAll(':', ''), 'hex')) }]
  }
  if (attribute === 'candidate') {
    // foundation component transport priority address port typ …
    const address = value.split(' ')[4] ?? ''
    return [{ what: line, forms: [text(value), text(address), ...encoded(text(address))] }]
  }
  return attribute === undefined ? [] : [{ what: line, forms: [text(value), ...encoded(text(value))] }]
}

function bytesInAllForms(bytes: Buffer): Buffer[] {
  const hex = bytes.toString('hex')
  const colons = hex.replaceAll(/..(?=.)/g, '$&:')
  return [bytes, ...encoded(bytes), ...[hex, colons].flatMap((form) => [text(form), text(form.toUpperCase())])]
}

/** base64 of bytes within a longer text begins at any of three places; what is the same in all of them is looked for. */
function encoded(bytes: Buffer): Buffer[] {
  if (bytes.length < 8) return []
  return [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
    const inner = (form: string) => form.replace(/=+$/, '').slice(offset === 0 ? 0 : offset + 1, -1)
    return [text(inner(shifted.toString('base64'))), text(inner(shifted.toString('base64url')))]
  })
}
