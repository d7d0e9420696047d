/**
 * Network namespaces: what stands for a machine. Nothing here touches the network of the machine that runs the tests:
 * every interface is made inside namespaces, and dies with them.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { ip, sh } from './shell.ts'

const PREFIX = 'enlab'

export class Namespace {
  readonly name: string
  readonly #children = new Set<ChildProcess>()
  #exists = false

  constructor(name: string) {
    this.name = name
  }

  /** Makes the namespace, with only a loopback interface and no IPv6. */
  async create(sysctls: Readonly<Record<string, string | number>> = {}): Promise<this> {
    await ip(`netns add ${this.name}`)
    this.#exists = true
    await ip(`-n ${this.name} link set lo up`)
    await this.sysctl({ 'net/ipv6/conf/all/disable_ipv6': 1, 'net/ipv6/conf/default/disable_ipv6': 1, ...sysctls })
    return this
  }

  async sysctl(values: Readonly<Record<string, string | number>>): Promise<void> {
    const writes = Object.entries(values).map(([key, value]) => `echo ${value} > /proc/sys/${key}`)
    await this.run('sh', ['-ec', writes.join('\n')])
  }

  /** Runs a command inside to its end. */
  run(program: string, args: readonly string[], input?: string): Promise<string> {
    return sh('ip', ['netns', 'exec', this.name, program, ...args], input)
  }

  /** Applies a script of nftables, all of it or nothing. */
  async nft(script: string): Promise<void> {
    await this.run('nft', ['-f', '-'], script)
  }

  /** Starts a program inside; it ends with the namespace at the latest. */
  spawn(program: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
    // `ip netns exec` becomes the program, so its process id and descriptors are the program's.
    const child = spawn('ip', ['netns', 'exec', this.name, program, ...args], { stdio })
    this.#children.add(child)
    child.on('close', () => this.#children.delete(child))
    return child
  }

  /** Ends what runs inside and removes the namespace with all its interfaces. */
  async remove(): Promise<void> {
    const ended = [...this.#children].map((child) => new Promise((resolve) => child.once('close', resolve)))
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(ended)
    if (this.#exists) await removeNamespace(this.name)
    this.#exists = false
  }
}

let count = 0

/** A name that no other running laboratory uses. It tells whose it is, so that one that crashed can be cleared away. */
export function freshNamespaceName(what: string): string {
  return `${PREFIX}-${process.pid}-${++count}-${what}`
}

/** Removes the namespaces of laboratories whose process is gone. */
export async function removeStaleNamespaces(): Promise<void> {
  const names = (await sh('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '')
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]
    if (pid && !(await isRunning(pid))) await removeNamespace(name)
  }
}

async function removeNamespace(name: string): Promise<void> {
  const pids = (await sh('ip', ['netns', 'pids', name])).split('\n').filter((pid) => pid !== '')
  for (const pid of pids) kill(Number(pid))
  await sh('ip', ['netns', 'del', name])
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: it has ended meanwhile, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function isRunning(pid: string): Promise<boolean> {
  try {
    await readFile(`/proc/${pid}/stat`)
    return true
  } catch {
    return false
  }
}
