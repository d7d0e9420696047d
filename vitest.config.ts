import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** `unit` runs in Node, `worker` inside workerd, `system` drives the real Worker with real Node peers and Chromium. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/protocol/**/*.test.ts', 'test/client/**/*.test.ts'] } },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: { name: 'worker', include: ['test/worker/**/*.test.ts'] },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts', 'test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // One browser, one workerd and Node peers share the machine; side by side they only disturb each other.
          fileParallelism: false,
        },
      },
    ],
  },
})
