/** The package as it would be published, and projects that install it. Nothing comes over the network. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')

export interface Ran {
  readonly code: number | null
  /** Standard output and error, in the order of arrival. */
  readonly output: string
}

/** Runs a program; `node` and the toolchain's commands are this project's own. */
export function runIn(folder: string, command: string, args: readonly string[]): Promise<Ran> {
  const path = [dirname(process.execPath), join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter)
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: path, NO_COLOR: '1', npm_config_update_notifier: 'false' }
    const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** @throws with its output when it fails */
export async function mustRunIn(folder: string, command: string, args: readonly string[]): Promise<string> {
  const { code, output } = await runIn(folder, command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${output}`)
  return output
}

export interface PackedFile {
  readonly path: string
  readonly size: number
}

export interface Packed {
  /** The path of the tarball. */
  readonly tarball: string
  readonly size: number
  readonly files: readonly PackedFile[]
  /** A new project that has installed the package and what it depends on, with these files. */
  project(files: Readonly<Record<string, string>>): Promise<string>
  /** Removes the tarball and all projects. */
  remove(): Promise<void>
}

/** Packs what the last build has made. */
export async function packPackage(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-net-package-'))
  const pack = async (source: string) => {
    const args = ['pack', source, '--json', '--silent', '--ignore-scripts', '--pack-destination', folder]
    const said: unknown = JSON.parse(await mustRunIn(folder, 'npm', args))
    // npm 12 lists packages by name, npm 11 in a row.
    const [packed] = Object.values(said as Record<string, { filename: string; size: number; files: PackedFile[] }>)
    if (!packed) throw new Error(`npm packed nothing of ${source}`)
    return { tarball: join(folder, packed.filename), size: packed.size, files: packed.files }
  }
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  // What it depends on is packed from where it is installed: a registry is not asked.
  const needed = await Promise.all(Object.keys(dependencies).map((name) => pack(join(ROOT, 'node_modules', name))))
  const packed = await pack(ROOT)
  let projects = 0
  return {
    ...packed,
    async project(files) {
      const project = join(folder, `project-${++projects}`)
      await mkdir(project)
      const manifest = { name: 'project', private: true, type: 'module' }
      await writeFile(join(project, 'package.json'), JSON.stringify(manifest))
      for (const [name, content] of Object.entries(files)) await writeFile(join(project, name), content)
      const tarballs = [packed, ...needed].map(({ tarball }) => tarball)
      await mustRunIn(project, 'npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs])
      return project
    },
    remove: () => rm(folder, { recursive: true }),
  }
}
