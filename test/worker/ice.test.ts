/**
 * coturn's scheme is checked against a published vector. Cloudflare's API is replaced by a stand-in that answers as its
 * documentation says: tests have no Internet, and no key of anybody's account.
 */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { HttpError, IceAnswer } from '../../protocol/http.ts'
import { app } from '../../worker/app.ts'
import { forgetCloudflareTurn } from '../../worker/ice-cloudflare.ts'
import { usableUrls } from '../../worker/ice-rules.ts'
import { sharedSecretCredentials } from '../../worker/ice.ts'
import type { Settings } from '../../worker/settings.ts'
import { HOST, newSession, type TicketChange } from './scenario.ts'

const STUN = { urls: ['stun:stun.cloudflare.com:3478'] }

async function ask(settings: Partial<Settings>, change: TicketChange = {}, headers: HeadersInit = {}) {
  const session = await newSession('ice')
  const body = await session.ticket({ purpose: 'ice', ...change })
  const request = new Request(`https://${HOST}/n/ice/ice`, { method: 'POST', body, headers })
  const response = await app.fetch(request, { ...env, ...settings }, createExecutionContext())
  return { session, response }
}

async function answerOf({ response }: { response: Response }): Promise<IceAnswer> {
  expect(response.status).toBe(200)
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  return response.json()
}

describe('without TURN', () => {
  test('peers get the STUN servers of the configuration', async () => {
    expect(await answerOf(await ask({}))).toEqual({ iceServers: [STUN] })
    const own = { EDGE_NET_STUN_URLS: 'stun:a.example.org, stun:b.example.org:3479' }
    expect(await answerOf(await ask(own))).toEqual({
      iceServers: [{ urls: ['stun:a.example.org', 'stun:b.example.org:3479'] }],
    })
  })

  test('and none where none are wanted', async () => {
    expect(await answerOf(await ask({ EDGE_NET_STUN_URLS: '' }))).toEqual({ iceServers: [] })
  })
})

describe('with a secret shared with coturn', () => {
  const settings = {
    EDGE_NET_TURN_URLS: 'turn:turn.example.org:3478,turns:turn.example.org',
    EDGE_NET_TURN_SECRET: 'north',
  }

  test('the credential is what coturn computes', async () => {
    const { username, credential } = await sharedSecretCredentials('north', 'filoozom', 1_433_895_918_000)
    expect(username).toBe('1433895918:filoozom')
    expect(credential).toBe('TH3sfgqf6Ng61yQOvXfkWzKY7ig=')
  })

  test('peers get credentials of their own that live for an hour', async () => {
    const asked = await ask(settings)
    const { iceServers, expiresAtMs = 0 } = await answerOf(asked)
    expect(Math.abs(expiresAtMs - Date.now() - 3_600_000)).toBeLessThan(5_000)
    const expected = await sharedSecretCredentials('north', asked.session.peerId, expiresAtMs)
    expect(iceServers).toEqual([STUN, { urls: ['turn:turn.example.org:3478', 'turns:turn.example.org'], ...expected }])
  })

  test('half a configuration is none', async () => {
    const { EDGE_NET_TURN_URLS, EDGE_NET_TURN_SECRET } = settings
    expect(await answerOf(await ask({ EDGE_NET_TURN_URLS }))).toEqual({ iceServers: [STUN] })
    expect(await answerOf(await ask({ EDGE_NET_TURN_SECRET }))).toEqual({ iceServers: [STUN] })
  })
})

describe('with Cloudflare Realtime TURN', () => {
  const settings = { EDGE_NET_CLOUDFLARE_TURN_KEY_ID: 'key-1', EDGE_NET_CLOUDFLARE_TURN_KEY_TOKEN: 'token-1' }
  const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>()
  const documented = {
    iceServers: [
      { urls: ['stun:stun.cloudflare.com:3478', 'stun:stun.cloudflare.com:53'] },
      {
        urls: [
          'turn:turn.cloudflare.com:3478?transport=udp',
          'turn:turn.cloudflare.com:53?transport=udp',
          'turns:turn.cloudflare.com:443?transport=tcp',
        ],
        username: 'user',
        credential: 'pass',
      },
    ],
  }
  const turn = {
    urls: ['turn:turn.cloudflare.com:3478?transport=udp', 'turns:turn.cloudflare.com:443?transport=tcp'],
    username: 'user',
    credential: 'pass',
  }

  beforeEach(() => {
    forgetCloudflareTurn()
    fetched.mockReset()
    fetched.mockImplementation(async () => Response.json(documented, { status: 201 }))
    vi.stubGlobal('fetch', fetched)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  test('peers get its servers, without those that browsers block', async () => {
    const { iceServers, expiresAtMs = 0 } = await answerOf(await ask(settings))
    expect(iceServers).toEqual([STUN, turn])
    expect(expiresAtMs - Date.now()).toBeLessThanOrEqual(3_600_000)
    const [url, init] = fetched.mock.calls[0] ?? []
    expect(url).toBe('https://rtc.live.cloudflare.com/v1/turn/keys/key-1/credentials/generate-ice-servers')
    expect(init).toMatchObject({ method: 'POST', body: '{"ttl":3600}', headers: { Authorization: 'Bearer token-1' } })
  })

  test('an answer is shared for minutes, and renewed long before it expires', async () => {
    const first = await answerOf(await ask(settings))
    expect(await answerOf(await ask(settings))).toEqual(first)
    expect(fetched).toHaveBeenCalledTimes(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 })
    const renewed = await answerOf(await ask(settings, { issuedAtMs: Date.now() }))
    expect(fetched).toHaveBeenCalledTimes(2)
    expect(renewed.expiresAtMs).toBeGreaterThan(first.expiresAtMs ?? 0)
  })

  test.each([
    ['refuses', async () => new Response('no', { status: 403 })],
    ['cannot be reached', () => Promise.reject(new TypeError('network'))],
    ['answers nonsense', async () => Response.json({ iceServers: [{ urls: 7, username: 'u', credential: 'c' }] })],
    ['answers no JSON', async () => new Response('<html>')],
  ])('when it %s, peers get STUN, and the next ones do not wait for it', async (_, answer) => {
    fetched.mockImplementation(answer)
    expect(await answerOf(await ask(settings))).toEqual({ iceServers: [STUN] })
    expect(await answerOf(await ask(settings))).toEqual({ iceServers: [STUN] })
    expect(fetched).toHaveBeenCalledTimes(1)
  })
})

test('only addresses that browsers use are handed out', () => {
  const usable = [
    'stun:stun.example.org',
    'stun:[2001:db8::1]:3478',
    'turn:turn.example.org:80?transport=tcp',
    'turn:turn.example.org:443',
    'turns:turn.example.org:5349?transport=tcp',
  ]
  const useless = [
    'stun:stun.example.org:53',
    'turn:turn.example.org:53?transport=udp',
    'turn:turn.example.org:25',
    'turn:turn.example.org:99999',
    'stun:stun.example.org?transport=udp',
    'turns:turn.example.org?transport=udp',
    'https://turn.example.org',
    'turn:',
    '',
  ]
  expect(usableUrls([...useless, ...usable])).toEqual(usable)
})

describe('whoever has no right to ICE servers gets none', () => {
  test.each([
    ['a join ticket', { purpose: 'join' }, 401, 'ticket-purpose'],
    ['an old ticket', { issuedAtMs: Date.now() - 120_000 }, 401, 'ticket-clock'],
    ["another host's ticket", { host: 'elsewhere.test' }, 401, 'host-mismatch'],
  ] as const)('%s', async (_, change, status, code) => {
    const { response } = await ask({}, change, { Origin: 'https://page.test' })
    expect(response.status).toBe(status)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://page.test')
    expect(await response.json<HttpError>()).toMatchObject({ error: { code } })
  })

  test.each([
    ['no body', null, 401, 'ticket-missing'],
    ['nonsense', 'hello', 400, 'ticket-malformed'],
    ['a megabyte', 'A'.repeat(1_048_576), 400, 'ticket-malformed'],
  ])('%s', async (_, body, status, code) => {
    const request = new Request(`https://${HOST}/n/ice/ice`, { method: 'POST', body })
    const response = await app.fetch(request, env, createExecutionContext())
    expect(response.status).toBe(status)
    expect(await response.json<HttpError>()).toMatchObject({ error: { code } })
  })
})
