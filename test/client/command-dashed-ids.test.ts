import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { markDashedIds, unmarkDashedIds } from '../../client/node/dashed-ids.ts'

const KEY = '-hlXFdiscsA1Q3spc-w2gmr3fVchD0y0kgGGClNbIAI'

/** What a sub-command with an argument and some options is given. */
async function given(...argv: readonly string[]) {
  let seen: unknown
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  program
    .command('act')
    .argument('[keys...]')
    .option('--of <key>')
    .option('--yes')
    .action((keys: readonly string[], options: object) => {
      seen = { keys, ...options }
    })
  unmarkDashedIds(program)
  await program.parseAsync(markDashedIds(['act', ...argv]), { from: 'user' })
  return seen
}

describe('an id that begins with a dash', () => {
  it.each([
    ['a whole key', KEY],
    ['a key with two', `-${KEY.slice(0, 42)}`],
    ['the beginning of one', KEY.slice(0, 12)],
    ['a peer id', KEY.slice(0, 22)],
  ])('is an argument wherever it stands: %s', async (_, id) => {
    expect(await given(id, '--yes')).toEqual({ keys: [id], yes: true })
    expect(await given('--yes', id, 'other')).toEqual({ keys: [id, 'other'], yes: true })
    expect(await given('--of', id)).toEqual({ keys: [], of: id })
  })

  it('is told from options', async () => {
    for (const option of ['--yes', '-h', '--', '-', '--no-such-option', '--of=x', '-hh']) {
      expect(markDashedIds([option])).toEqual([option])
    }
    await expect(given('--no-such-option')).rejects.toThrow('--no-such-option')
  })
})
