import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import type { HttpError } from '../../protocol/http.ts'
import { networkIdOfName, networkIdText } from '../../protocol/network.ts'
import { app } from '../../worker/app.ts'
import type { Settings } from '../../worker/settings.ts'
import { HOST, join, request } from './scenario.ts'

test('a room URL describes its network to a program', async () => {
  const response = await request('/n/mainnet', { headers: { Accept: 'application/json' } })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({
    name: 'mainnet',
    id: networkIdText(await networkIdOfName('mainnet')),
    policy: 'public',
    url: `https://${HOST}/n/mainnet`,
    members: 0,
  })
})

test('a room URL is a page for a person', async () => {
  const response = await request('/n/mainnet', { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('Content-Type')).toContain('text/html')
  expect(await response.text()).toMatch(/^<!doctype html>/i)
  expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
})

test('a person who mistypes a name gets the page too, which says what is wrong', async () => {
  const response = await request('/n/Not-A-Name', { headers: { Accept: 'text/html' } })
  expect(response.status).toBe(400)
  expect(await response.text()).toMatch(/^<!doctype html>/i)
  expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
})

test('networks with members are listed with their sizes', async () => {
  await join('listed')
  await join('listed')
  await vi.waitFor(
    async () => {
      const { networks } = await (await request('/networks')).json<{ networks: unknown[] }>()
      expect(networks).toContainEqual(expect.objectContaining({ name: 'listed', members: 2, policy: 'public' }))
    },
    { timeout: 5_000, interval: 100 },
  )
  const one = await request('/n/listed', { headers: { Accept: 'application/json' } })
  expect(await one.json()).toMatchObject({ members: 2 })
})

test('the service tells that it is well, and where its ICE servers come from', async () => {
  const response = await request('/health')
  expect(await response.json()).toEqual({ ok: true, protocol: 'edge-net.1', ice: 'stun', gunRelays: 0 })
})

test.each([
  ['/n/Not-A-Name', 'GET', 400, 'network-name'],
  ['/n/-x', 'GET', 400, 'network-name'],
  [`/n/net-${'A'.repeat(43)}`, 'GET', 404, 'network-unknown'],
  ['/n/mainnet', 'PUT', 405, 'method-not-allowed'],
  ['/n/mainnet/ice', 'GET', 405, 'method-not-allowed'],
  ['/networks', 'DELETE', 405, 'method-not-allowed'],
  ['/nothing/here', 'GET', 404, 'not-found'],
])('%s %s answers %i with a readable error', async (path, method, status, code) => {
  const beforeMs = Date.now()
  const response = await request(path, {
    method,
    headers: { Origin: 'https://elsewhere.test', Accept: 'application/json' },
  })
  expect(response.status).toBe(status)
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://elsewhere.test')
  const { error } = await response.json<HttpError>()
  expect(error.code).toBe(code)
  expect(error.message).toMatch(/\.$/)
  expect(error.hint).toMatch(/\.$/)
  expect(error.serverTimeMs).toBeGreaterThanOrEqual(beforeMs)
})

test('operators read counters, with the token if one is set', async () => {
  await join('counted')
  await request('/n/counted/ice', { method: 'POST', body: 'not a ticket' })
  const settings: Settings = { ...env, EDGE_NET_METRICS_TOKEN: 'open sesame' }
  expect((await metrics(settings)).status).toBe(404)
  expect((await metrics(settings, 'Bearer open barley')).status).toBe(404)
  const response = await metrics(settings, 'Bearer open sesame')
  expect(response.headers.get('Content-Type')).toContain('text/plain')
  expect(await response.text()).toMatch(/^edge_net_refusals_total\{reason="ticket-malformed"\} [1-9]/m)
  expect((await metrics(env)).status).toBe(200)
  await vi.waitFor(async () => expect(await (await metrics(env)).text()).toMatch(/^edge_net_joins_total [1-9]/m), {
    timeout: 5_000,
    interval: 100,
  })
})

async function metrics(settings: Settings, authorization?: string): Promise<Response> {
  const context = createExecutionContext()
  const headers = new Headers(authorization === undefined ? {} : { Authorization: authorization })
  const response = await app.fetch(new Request(`https://${HOST}/metrics`, { headers }), settings, context)
  await waitOnExecutionContext(context)
  return response
}
