/** Runs Argon2id in a Web Worker: one input comes in, then go out how much is done, and the hash. */
import { argon2id } from '@noble/hashes/argon2.js'
import { argon2Options, type Argon2Input } from './argon2-options.ts'

addEventListener('message', ({ data }: MessageEvent<Argon2Input>) => {
  tell(new Uint8Array(argon2id(data.secret, data.salt, argon2Options(data, tell))))
})

function tell(message: Argon2Told): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
  postMessage(message)
}

/** A part of the work, from 0 to 1, or its end. */
export type Argon2Told = number | Uint8Array<ArrayBuffer>
