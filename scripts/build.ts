/**
 * Builds what is served (`dist/public`) and what is published (`dist/npm`). Names with a hash never change their
 * content, so they may be cached for ever; the names without one are short-lived pointers to them.
 */
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build as bundle, type BuildOptions } from 'esbuild'
import { minify } from 'terser'
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
      buildSdk(),
      buildExtras(),
      buildPage(),
      buildPackage(),
      buildTypes(),
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

/** What a browser imports: the hashed SDK, its integrity hash, and the pointer under a name that stays. */
async function buildSdk(): Promise<void> {
  const { outputFiles } = await bundle({
    ...COMMON,
    entryPoints: ['client/index.ts'],
    platform: 'neutral',
    minify: true,
    sourcemap: 'external',
    outfile: join(PUBLIC, 'sdk', 'edge-net.js'),
    write: false,
    // esbuild gives the shortest names to those that are used most.
    mangleProps: INTERNAL_NAMES,
    // A field without a value need not be declared: the constructor makes it.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  })
  const textOf = (extension: string) => outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? ''
  // Every page pays for these bytes; terser makes 5 % fewer of them than esbuild. Getters here only tell what is. Commas
  // and question marks in the place of statements make fewer bytes, but more after compression.
  const compress = { passes: 3, pure_getters: true, sequences: false, conditionals: false }
  const options = { module: true, ecma: 2020, compress } as const
  const { code, map } = await minify(textOf('.js'), { ...options, sourceMap: { content: textOf('.map') } })
  if (code === undefined) throw new Error('terser gave no code')
  const name = `edge-net-${createHash('sha256')
    .update(COMPILE_HINT + code)
    .digest('hex')
    .slice(0, 12)}.js`
  const url = `/sdk/${name}`
  const file = `${COMPILE_HINT}\n${code}\n//# sourceMappingURL=${name}.map\n`
  const integrity = `sha384-${createHash('sha384').update(file).digest('base64')}`
  await mkdir(join(PUBLIC, 'sdk'), { recursive: true })
  await writeFile(join(PUBLIC, 'sdk', name), file)
  await writeFile(join(PUBLIC, 'sdk', `${name}.map`), typeof map === 'string' ? map : JSON.stringify(map))
  await writeFile(join(PUBLIC, 'sdk', 'integrity.json'), `${JSON.stringify({ url, integrity }, null, 2)}\n`)
  await writeFile(join(PUBLIC, 'edge-net.js'), `export * from '.${url}'\n`)
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

/** The join page with its script and style under hashed names. */
async function buildPage(): Promise<void> {
  const { metafile } = await bundle({
    ...COMMON,
    entryPoints: ['client/page/page.ts', 'client/page/page.css'],
    platform: 'browser',
    minify: true,
    entryNames: '[name]-[hash]',
    outdir: join(PUBLIC, 'page'),
    metafile: true,
  })
  const outputs = Object.keys(metafile.outputs).map((path) => basename(path))
  const urlOf = (extension: string) => {
    const name = outputs.find((candidate) => candidate.endsWith(extension))
    if (!name) throw new Error(`the join page has no ${extension} file`)
    // From the root: the page stands at /n/NETWORK.
    return `/page/${name}`
  }
  let html = await readFile(join(ROOT, 'client', 'page', 'page.html'), 'utf8')
  for (const [placeholder, url] of [
    ['{{script}}', urlOf('.js')],
    ['{{style}}', urlOf('.css')],
  ] as const) {
    if (!html.includes(placeholder)) throw new Error(`client/page/page.html has no ${placeholder}`)
    html = html.replaceAll(placeholder, url)
  }
  await writeFile(join(PUBLIC, 'page.html'), html)
}

/** The npm package: readable code, since the application's own bundler minifies it. */
async function buildPackage(): Promise<void> {
  // One after the other: when one fails, none is left that still writes.
  const neutral = { 'edge-net': 'client/index.ts', 'edge-net-extras': 'client/extras/index.ts' }
  await bundle({ ...COMMON, platform: 'neutral', entryPoints: neutral, outdir: NPM })
  await bundle({
    ...COMMON,
    platform: 'node',
    entryPoints: { 'edge-net-node': 'client/node/index.ts' },
    external: ['node-datachannel'],
    outdir: NPM,
  })
  await bundle({
    ...COMMON,
    platform: 'node',
    entryPoints: { 'edge-net-command': 'client/node/command.ts' },
    external: ['node-datachannel', 'commander'],
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
