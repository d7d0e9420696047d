import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { app } from '../../worker/app.ts'
import { gunRelays } from '../../worker/gun-relays.ts'
import type { Settings } from '../../worker/settings.ts'
import { HOST } from './scenario.ts'

const RELAYS = 'https://relay.test/gun?a=1&copy=2, wss://other.test:8443/gun$&'

test('relays are what clients can use, each once, and at most eight', () => {
  const of = (EDGE_NET_GUN_RELAYS: string) => gunRelays({ ...env, EDGE_NET_GUN_RELAYS })
  expect(of('')).toEqual([])
  expect(of('https://relay.test/gun,wss://relay.test/gun, http://127.0.0.1:8765/gun')).toEqual([
    'wss://relay.test/gun',
    'ws://127.0.0.1:8765/gun',
  ])
  const unusable = [
    'relay.test/gun',
    'ftp://relay.test/gun',
    'https://',
    'https://me:secret@relay.test/gun',
    'https://relay.test/gun#here',
    "https://relay.test;script-src'unsafe-inline'/gun",
  ]
  expect(of(unusable.join(','))).toEqual([])
  expect(of(Array.from({ length: 12 }, (_, i) => `wss://relay-${i}.test/gun`).join(','))).toHaveLength(8)
})

test('the page names them, and may talk to them and to nobody else', async () => {
  const response = await get('/n/mainnet', 'text/html', RELAYS)
  const policy = response.headers.get('Content-Security-Policy') ?? ''
  const connect = "connect-src 'self' wss://relay.test wss://other.test:8443;"
  expect(policy).toContain(connect)
  expect(policy.replace(connect, "connect-src 'self';")).toBe(await policyOf(''))
  const html = await response.text()
  expect(html).toContain(connect)
  expect(html).toContain('content="wss://relay.test/gun?a=1&amp;copy=2 wss://other.test:8443/gun$&amp;"')
  expect(response.headers.get('Content-Type')).toContain('text/html')
})

test('without relays the page is the one that is stored', async () => {
  const response = await get('/n/mainnet', 'text/html', 'not a relay')
  const html = await response.text()
  expect(await policyOf('')).toContain("connect-src 'self';")
  expect(html).toContain("connect-src 'self';")
  expect(html).toContain('<meta name="edge-net-gun-relays" content="" />')
})

test('a program and an operator are told of them', async () => {
  const described = await (await get('/n/mainnet', 'application/json', RELAYS)).json()
  expect(described).toMatchObject({ gunRelays: ['wss://relay.test/gun?a=1&copy=2', 'wss://other.test:8443/gun$&'] })
  expect(await (await get('/n/mainnet', 'application/json', '')).json()).not.toHaveProperty('gunRelays')
  expect(await (await get('/networks', 'application/json', RELAYS)).text()).not.toContain('gunRelays')
  expect(await (await get('/health', '*/*', RELAYS)).json()).toMatchObject({ gunRelays: 2 })
})

async function policyOf(relays: string): Promise<string | null> {
  return (await get('/n/mainnet', 'text/html', relays)).headers.get('Content-Security-Policy')
}

async function get(path: string, accept: string, EDGE_NET_GUN_RELAYS: string): Promise<Response> {
  const context = createExecutionContext()
  const settings: Settings = { ...env, EDGE_NET_GUN_RELAYS }
  const response = await app.fetch(
    new Request(`https://${HOST}${path}`, { headers: { Accept: accept } }),
    settings,
    context,
  )
  await waitOnExecutionContext(context)
  return response
}
