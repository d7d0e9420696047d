/**
 * Builds what is served (`dist/public`) and what is published (`dist/npm`). Names with a hash never change their
 * content, so they may be cached for ever; the names without one are short-lived pointers to them.
 */
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build as bundle, type BuildOptions, type Plugin } from 'esbuild'
import { minify, type MinifyOptions } from 'terser'
import { buildService } from './build-service.ts'
import { argon2Thread } from './argon2-thread.ts'
import { checkInternalNames, INTERNAL_NAMES } from './internal-names.ts'
import { ROOT, runOrThrow } from './process.ts'

const DIST = join(ROOT, 'dist')
/** Built aside and then put in place: who serves or tests the last build never sees half of the next one. */
const STAGE = join(ROOT, `.dist-${process.pid}`)
const PUBLIC = join(STAGE, 'public')
const NPM = join(STAGE, 'npm')

const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  legalComments: 'none',
  // The caller reports; esbuild's own lines would come in between.
  logLevel: 'silent',
}

/** Builds everything anew; nothing of an earlier build stays. A failed build leaves the earlier one as it was. */
export async function build(): Promise<void> {
  try {
    const parts = await Promise.allSettled([
      buildServed(),
      buildExtras(),
      buildPage(),
      buildPackage(),
      buildTypes(),
      buildService(join(NPM, 'service')),
      copyHeaders(),
    ])
    // All of them have ended: nothing writes into the stage any more when it is cleared.
    const failures = parts.flatMap((part) => (part.status === 'rejected' ? [reasonOf(part.reason)] : []))
    if (failures.length > 0) throw new Error(failures.join('\n'))
    await checkInternalNames(join(PUBLIC, 'types', 'client', 'index.d.ts'))
    await rm(DIST, { recursive: true, force: true })
    await rename(STAGE, DIST)
  } finally {
    await rm(STAGE, { recursive: true, force: true })
  }
}

/**
 * V8's explicit compile hint: functions are compiled while the script loads, not one by one while somebody waits for a
 * join. Other engines take it for a comment.
 */
export const COMPILE_HINT = '//# allFunctionsCalledOnLoad'

/** The hashed SDK in a built `public` folder. */
export async function sdkFile(publicFolder: string): Promise<string> {
  const names = await readdir(join(publicFolder, 'sdk'))
  const name = names.find((candidate) => /^edge-net-\w+\.js$/.test(candidate))
  if (!name) throw new Error(`no SDK in ${publicFolder}/sdk: run npm run build`)
  return join(publicFolder, 'sdk', name)
}

/** What a browser imports: the SDK and what stands beside it under hashed names, their hashes, and pointers under names that stay. */
async function buildServed(): Promise<void> {
  const sdk = await serve('edge-net', await minifiedSdk())
  const ledger = await serve('edge-net-ledger', await codeBeside(sdk.url, 'client/qdag/index.ts'))
  const identity = await serve('edge-net-identity', await codeBeside(sdk.url, 'client/identity/index.ts'))
  const networks = await serve('edge-net-networks', await codeBeside(sdk.url, 'client/networks/index.ts'))
  const gun = await serve('edge-net-gun', await codeBeside(sdk.url, 'client/carrier/gun/index.ts'))
  const mesh = await serve('edge-net-mesh', await codeBeside(sdk.url, 'client/mesh/index.ts'))
  const carrier = await serve('edge-net-carrier', await codeBeside(sdk.url, 'client/carrier/index.ts'))
  const hashes = { ...sdk, ledger, identity, networks, gun, mesh, carrier }
  await writeFile(join(PUBLIC, 'sdk', 'integrity.json'), `${JSON.stringify(hashes, null, 2)}\n`)
}

interface Code {
  readonly code: string
  readonly map: string
}

/** Writes a file whose name has the hash of its content, and the pointer to it. */
async function serve(name: string, code: Code): Promise<{ readonly url: string; readonly integrity: string }> {
  const { url, file } = await writeHashed('sdk', name, code)
  await writeFile(join(PUBLIC, `${name}.js`), `export * from '.${url}'\n`)
  return { url, integrity: `sha384-${createHash('sha384').update(file).digest('base64')}` }
}

async function writeHashed(
  folder: string,
  name: string,
  { code, map }: Code,
): Promise<{ readonly url: string; readonly file: string }> {
  const hash = createHash('sha256').update(code).digest('hex').slice(0, 12)
  // From the root: the page stands at /n/NETWORK.
  const url = `/${folder}/${name}-${hash}.js`
  const file = `${code}\n//# sourceMappingURL=${basename(url)}.map\n`
  await mkdir(join(PUBLIC, folder), { recursive: true })
  await writeFile(join(PUBLIC, url), file)
  await writeFile(join(PUBLIC, `${url}.map`), map)
  return { url, file }
}

async function minifiedSdk(): Promise<Code> {
  // esbuild gives the shortest names to those that are used most; terser gives them in the order in which they come.
  const options = { entryPoints: ['client/index.ts'], tsconfigRaw: BARE_FIELDS, mangleProps: INTERNAL_NAMES }
  const { code, map } = await shrunk(await bundledCode(options))
  return { code: `${COMPILE_HINT}\n${code}`, map }
}

/** A field without a value need not be declared: the constructor makes it. */
const BARE_FIELDS = { compilerOptions: { useDefineForClassFields: false } } as const

/**
 * Every page pays for these bytes; terser makes 5 % fewer of them than esbuild. Getters here only tell what is. Commas and
 * question marks in the place of statements make fewer bytes, but more after compression.
 */
async function shrunk(bundled: Code): Promise<Code> {
  const compress = { passes: 3, pure_getters: true, sequences: false, conditionals: false }
  const options: MinifyOptions = { module: true, ecma: 2020, compress }
  const { code, map } = await minify(bundled.code, { ...options, sourceMap: { content: bundled.map } })
  if (code === undefined) throw new Error('terser gave no code')
  return { code, map: typeof map === 'string' ? map : JSON.stringify(map) }
}

/** Errors are the SDK's own, so that `instanceof` holds for what either throws. */
function codeBeside(sdkUrl: string, entry: string): Promise<Code> {
  const errorsOfSdk: Plugin = {
    name: 'errors-of-sdk',
    setup: (bundler) =>
      bundler.onResolve({ filter: /\/errors\.ts$/ }, () => ({ path: `./${basename(sdkUrl)}`, external: true })),
  }
  return bundledCode({ entryPoints: [entry], plugins: [errorsOfSdk, argon2Thread] })
}

async function bundledCode(options: BuildOptions): Promise<Code> {
  const { outputFiles } = await bundle({
    ...COMMON,
    ...options,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    minify: true,
    sourcemap: 'external',
    outfile: join(PUBLIC, 'sdk', 'bundle.js'),
    write: false,
  })
  const textOf = (extension: string) => outputFiles?.find(({ path }) => path.endsWith(extension))?.text ?? ''
  return { code: textOf('.js').trimEnd(), map: textOf('.map') }
}

/** Beside the SDK, not in it. They work with a network of any copy of the SDK, so they bring none. */
async function buildExtras(): Promise<void> {
  const { metafile } = await bundle({
    ...COMMON,
    platform: 'neutral',
    entryPoints: { 'edge-net-extras': 'client/extras/index.ts' },
    minify: true,
    outdir: PUBLIC,
    metafile: true,
  })
  const others = Object.keys(metafile.inputs).filter((path) => !path.startsWith('client/extras/'))
  if (others.length > 0) throw new Error(`client/extras would bring along ${others.join(', ')}`)
}

/** The join page with its scripts and style under hashed names. */
async function buildPage(): Promise<void> {
  const { metafile } = await bundle({
    ...COMMON,
    entryPoints: ['client/page/page.ts', 'client/page/page.css', 'client/page/compute-worker.ts'],
    platform: 'browser',
    // The ledger and the plots come after the first paint.
    splitting: true,
    minify: true,
    tsconfigRaw: BARE_FIELDS,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    plugins: [argon2Thread],
    outdir: join(PUBLIC, 'page'),
    metafile: true,
  })
  const outputs = Object.keys(metafile.outputs).map((path) => basename(path))
  const urlOf = (entry: string, extension: string) => {
    const name = outputs.find((candidate) => candidate.startsWith(`${entry}-`) && candidate.endsWith(extension))
    if (!name) throw new Error(`the join page has no ${entry}${extension}`)
    // From the root: the page stands at /n/NETWORK.
    return `/page/${name}`
  }
  const script = urlOf('page', '.js')
  const imports = Object.entries(metafile.outputs).find(([path]) => path.endsWith(script))?.[1].imports ?? []
  // Without them each would be asked for only when whoever imports it has come.
  const preloads = imports
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => `<link rel="modulepreload" href="/page/${basename(path)}" />`)
  let html = await readFile(join(ROOT, 'client', 'page', 'page.html'), 'utf8')
  for (const [placeholder, url] of [
    ['{{script}}', script],
    ['{{preloads}}', preloads.join('\n    ')],
    ['{{compute-worker}}', urlOf('compute-worker', '.js')],
    ['{{style}}', urlOf('page', '.css')],
  ] as const) {
    if (!html.includes(placeholder)) throw new Error(`client/page/page.html has no ${placeholder}`)
    html = html.replaceAll(placeholder, url)
  }
  await writeFile(join(PUBLIC, 'page.html'), html)
}

/** The npm package: readable code, since the application's own bundler minifies it. */
async function buildPackage(): Promise<void> {
  // One after the other: when one fails, none is left that still writes. What several share stands once, in a chunk: an
  // error is the same class wherever it comes from.
  await bundle({
    ...COMMON,
    splitting: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    entryPoints: {
      'edge-net': 'client/index.ts',
      'edge-net-extras': 'client/extras/index.ts',
      'edge-net-ledger': 'client/qdag/index.ts',
      'edge-net-identity': 'client/identity/index.ts',
      'edge-net-networks': 'client/networks/index.ts',
      'edge-net-gun': 'client/carrier/gun/index.ts',
      'edge-net-mesh': 'client/mesh/index.ts',
      'edge-net-carrier': 'client/carrier/index.ts',
    },
    external: ['gun'],
    plugins: [argon2Thread],
    outdir: NPM,
  })
  await bundle({
    ...COMMON,
    splitting: true,
    platform: 'node',
    entryPoints: {
      'edge-net-node': 'client/node/index.ts',
      'edge-net-ledger-node': 'client/node/ledger/index.ts',
      'edge-net-identity-node': 'client/identity/index.ts',
      'edge-net-networks-node': 'client/networks/index.ts',
      'edge-net-gun-node': 'client/carrier/gun/index.ts',
      'edge-net-mesh-node': 'client/mesh/index.ts',
      'edge-net-carrier-node': 'client/carrier/index.ts',
      'edge-net-command': 'client/node/command.ts',
      'edge-net-compute-worker': 'client/node/compute-worker.ts',
    },
    external: ['node-datachannel', 'commander', 'gun', 'miniflare'],
    outdir: NPM,
  })
  const command = join(NPM, 'edge-net-command.js')
  const code = await readFile(command, 'utf8')
  if (!code.startsWith('#!/usr/bin/env node\n')) throw new Error('client/node/command.ts must begin with its shebang')
  await chmod(command, 0o755)
}

/** Declarations for both: the package gets all of them, the served SDK those that it needs. */
async function buildTypes(): Promise<void> {
  await runOrThrow('tsc', ['-p', 'tsconfig.build.json', '--outDir', join(NPM, 'types')])
  const types = join(NPM, 'types')
  const names = await readdir(types, { recursive: true })
  const declarations = names.filter((name) => name.endsWith('.d.ts'))
  await Promise.all(declarations.map((name) => importJavaScript(join(types, name))))
  await mkdir(PUBLIC, { recursive: true })
  const ofNode = join(types, 'client', 'node')
  await cp(types, join(PUBLIC, 'types'), { recursive: true, filter: (path) => !path.startsWith(ofNode) })
  await writeFile(join(PUBLIC, 'edge-net.d.ts'), `export * from './types/client/index.js'\n`)
  await writeFile(join(PUBLIC, 'edge-net-extras.d.ts'), `export * from './types/client/extras/index.js'\n`)
  await writeFile(join(PUBLIC, 'edge-net-ledger.d.ts'), `export * from './types/client/qdag/index.js'\n`)
  await writeFile(join(PUBLIC, 'edge-net-identity.d.ts'), `export * from './types/client/identity/index.js'\n`)
  await writeFile(join(PUBLIC, 'edge-net-networks.d.ts'), `export * from './types/client/networks/index.js'\n`)
  await writeFile(join(PUBLIC, 'edge-net-gun.d.ts'), `export * from './types/client/carrier/gun/index.js'\n`)
  await writeFile(join(PUBLIC, 'edge-net-mesh.d.ts'), `export * from './types/client/mesh/index.js'\n`)
  await writeFile(join(PUBLIC, 'edge-net-carrier.d.ts'), `export * from './types/client/carrier/index.js'\n`)
}

/** tsc leaves `.ts` in the imports of declarations, where only `.js` leads to a file that is there. */
async function importJavaScript(path: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replaceAll(/(from |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2'))
}

/** Caching and CORS of static assets, as Cloudflare reads them. */
async function copyHeaders(): Promise<void> {
  await mkdir(PUBLIC, { recursive: true })
  await cp(join(ROOT, 'worker', 'assets'), PUBLIC, { recursive: true })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

if (import.meta.main) {
  const startedMs = performance.now()
  try {
    await build()
    const { size } = await stat(await sdkFile(join(DIST, 'public')))
    console.log(`built dist/ in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s, SDK ${size} B`)
  } catch (error) {
    console.error(reasonOf(error))
    process.exitCode = 1
  }
}
