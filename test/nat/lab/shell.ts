/** Runs the tools that make networks: `ip` and `nft`. Every command has to succeed. */
import { spawn } from 'node:child_process'

/** Runs a program with some text as its input; resolves with what it printed. */
export function sh(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe' })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}\n${errors}${input}`))
    })
    // A program that fails before it has read its input says so by its code.
    child.stdin.on('error', () => undefined).end(input)
  })
}

/** Runs `ip` commands in order; those that begin with `-n NAMESPACE` inside it. The first failure ends it. */
export async function ip(...commands: readonly string[]): Promise<void> {
  const waiting = commands.map((command) => {
    const [, namespace = '', rest = command] = /^-n (\S+) (.*)$/.exec(command) ?? []
    return { namespace, rest }
  })
  while (waiting[0]) {
    const { namespace } = waiting[0]
    // Neighbours of one namespace share a process.
    const end = waiting.findIndex((command) => command.namespace !== namespace)
    const batch = waiting.splice(0, end < 0 ? waiting.length : end)
    const args = [...(namespace ? ['-n', namespace] : []), '-batch', '-']
    await sh('ip', args, batch.map(({ rest }) => `${rest}\n`).join(''))
  }
}
