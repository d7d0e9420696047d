/** The commands that MIGRATION.md and DEPLOY.md send their readers to. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startCommand } from '../support/command.ts'

describe('the commands named in', () => {
  it.each(['MIGRATION.md', 'DEPLOY.md'])('%s are there', async (document) => {
    const text = readFileSync(new URL(`../../${document}`, import.meta.url), 'utf8')
    const named = new Set(
      [...text.matchAll(/npx edge-net ([a-z]+(?: [a-z]+(?![a-z:]))?)/g)].map(([, name = '']) => name),
    )
    expect(named.size).toBeGreaterThan(1)
    for (const name of named) {
      const { code, stdout } = await startCommand([...name.split(' '), '--help']).ended
      expect(code, name).toBe(0)
      expect(stdout).toMatch(new RegExp(`^Usage: edge-net ${name} `))
    }
  })
})
