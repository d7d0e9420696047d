/** Puts what runs in a Web Worker into the file that starts it: as a text, so that one hash pins both. */
import { build, type Plugin } from 'esbuild'
import { ROOT } from './process.ts'

/** Of a bundle for browsers that has `client/identity/argon2.ts` in it. */
export const argon2Thread: Plugin = {
  name: 'argon2-thread',
  setup: (bundler) =>
    bundler.onLoad({ filter: /\/argon2-thread-code\.ts$/ }, async () => ({
      contents: `export const ARGON2_THREAD_CODE = ${JSON.stringify(await threadCode())}`,
    })),
}

async function threadCode(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['client/identity/argon2-thread.ts'],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    minify: true,
    write: false,
    logLevel: 'silent',
  })
  const [file] = outputFiles
  if (!file) throw new Error('client/identity/argon2-thread.ts gave no code')
  return file.text.trimEnd()
}
