/** What is in vectors.json. Binary values are hexadecimal. */

export interface Vectors {
  readonly about: string
  readonly network: { readonly name: string; readonly id: string }
  readonly identities: Record<string, { readonly privateKey: string; readonly publicKey: string }>
  readonly entries: readonly EntryVector[]
  /** All entries above, in that order. */
  readonly batch: string
  /** Bytes that are no entry, each by one fault. */
  readonly refusedEntries: readonly { readonly name: string; readonly bytes: string }[]
  readonly signatures: readonly SignatureVector[]
}

export interface EntryVector {
  readonly name: string
  readonly body: string
  readonly id: string
  readonly signedMessage: string
  readonly receiptMessage?: string
  readonly bytes: string
  readonly jsonLine: string
}

export interface SignatureVector {
  readonly name: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  /** Under the signature rule. */
  readonly holds: boolean
}
