/** What the package carries of the service: the Worker, what it is to run with, and the files that it serves. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { WorkerOptions } from 'miniflare'

/** How Miniflare is told what to run. */
export type WorkerConfig = WorkerOptions['config']

/** `service.json`, as the build writes it from wrangler.toml. */
export interface ServiceDescription {
  /** Without the code, and with a folder of assets that is to be filled in. */
  readonly config: Omit<WorkerConfig, 'manifest'>
  /** Names of all vars and secrets that the Worker reads. */
  readonly variables: readonly string[]
}

/** The built command and its chunks lie in `dist/npm`. */
const SERVICE = new URL('./service/', import.meta.url)
const PUBLIC = new URL('../public/', import.meta.url)

export async function serviceDescription(): Promise<ServiceDescription> {
  return JSON.parse(await readFile(new URL('service.json', SERVICE), 'utf8')) as ServiceDescription
}

/** @param variables vars and secrets that go over those of wrangler.toml */
export async function workerConfig(
  { config }: ServiceDescription,
  variables: Readonly<Record<string, string>>,
): Promise<WorkerConfig> {
  const contents = await readFile(new URL('worker.js', SERVICE), 'utf8')
  const texts = Object.entries(variables).map(([name, value]) => [name, { type: 'text', value }] as const)
  return {
    ...config,
    env: { ...config.env, ...Object.fromEntries(texts) },
    assets: { ...config.assets, directory: fileURLToPath(PUBLIC) },
    manifest: {
      mainModule: 'worker.js',
      modulesRoot: fileURLToPath(SERVICE),
      modules: { 'worker.js': { type: 'esm', contents } },
    },
  }
}
