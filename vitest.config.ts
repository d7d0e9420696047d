import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** How long something takes is for the benches: a loaded machine is no failure. */
const PATIENT = { poll: { timeout: 20_000 } }

/**
 * Not for `npm run check`: tests that live through many histories, measure at a hundred thousand entries, or let time pass at
 * real sockets again and again.
 */
const THOROUGH_TESTS = [
  'test/{sim,mesh}/**/*.test.ts',
  'test/client/{hostile-*,extras,late-carriers,reconnection}.test.ts',
  'test/qdag/sim/**/*.test.ts',
  'test/qdag/{codec,ledger-bounds,ledger-model,ledger-mutants,log,opened-ledger,stores,worker-verifier}.test.ts',
  'test/qdag/sync-{hostile,live,numbers,properties}.test.ts',
]

/**
 * `unit` and `thorough` run in Node, `worker` inside workerd, `system` drives the real Worker with real Node peers and Chromium, `nat`
 * puts them behind NATs.
 */
export default defineConfig({
  test: {
    // The Worker logs every refusal, and refusals are what many tests are about.
    silent: 'passed-only',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{protocol,client,sim,qdag}/**/*.test.ts'],
          exclude: THOROUGH_TESTS,
          testTimeout: 30_000,
          expect: PATIENT,
        },
      },
      { test: { name: 'thorough', include: THOROUGH_TESTS, testTimeout: 60_000, expect: PATIENT } },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        // Floods and crowds share two cores with the room they flood.
        test: { name: 'worker', include: ['test/worker/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts', 'test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          expect: PATIENT,
          hookTimeout: 120_000,
          // One browser, one workerd and Node peers share the machine; side by side they only disturb each other.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'nat',
          include: ['test/nat/**/*.test.ts'],
          testTimeout: 150_000,
          expect: PATIENT,
          hookTimeout: 60_000,
          fileParallelism: false,
          // After the others: namespaces, browsers and a workerd of its own need the machine for themselves.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
