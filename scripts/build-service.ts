/**
 * The Worker as the package carries it for `edge-net serve`: one module, and what wrangler.toml says about running it. The
 * assets are those that are deployed.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build as bundle } from 'esbuild'
import { convertV4MiniflareOptions, type V4WorkerOptions } from 'miniflare'
import type { ServiceDescription } from '../client/node/serve/service-files.ts'
import { ROOT } from './process.ts'

/** Takes the place of what is known only where the service runs. */
const FILLED_IN_LATER = ''

/** @param folder gets `worker.js` and `service.json` */
export async function buildService(folder: string): Promise<void> {
  const code = await workerCode()
  const description: ServiceDescription = {
    config: await workerConfig(),
    variables: [...new Set(code.match(/\bEDGE_NET_[A-Z_]*[A-Z]\b/g))].toSorted(),
  }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'worker.js'), code)
  await writeFile(join(folder, 'service.json'), `${JSON.stringify(description, null, 2)}\n`)
}

async function workerCode(): Promise<string> {
  const { outputFiles } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: ['worker/index.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    legalComments: 'none',
    logLevel: 'silent',
    minifySyntax: true,
    minifyWhitespace: true,
    write: false,
  })
  const [worker] = outputFiles
  if (!worker) throw new Error('worker/index.ts gave no bundle')
  return worker.text
}

/** wrangler.toml, as Miniflare takes it. */
async function workerConfig(): Promise<ServiceDescription['config']> {
  // It is slow to load, and only builds need it.
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import('wrangler')
  const path = join(ROOT, 'wrangler.toml')
  const { workerOptions } = unstable_getMiniflareWorkerOptions(path)
  const { name, vars } = unstable_readConfig({ config: path })
  const worker = {
    ...workerOptions,
    name,
    // The options have the secrets of `.dev.vars`, too, which are nothing to be published.
    bindings: vars,
    modules: [{ type: 'ESModule', path: 'worker.js', contents: FILLED_IN_LATER }],
  } as V4WorkerOptions
  const [converted] = convertV4MiniflareOptions({ workers: [worker] }).workers
  if (!converted) throw new Error('wrangler.toml describes no Worker')
  const { manifest: _, assets, ...config } = converted.config
  if (!assets) throw new Error('wrangler.toml describes no assets')
  return { ...config, assets: { ...assets, directory: FILLED_IN_LATER } }
}
