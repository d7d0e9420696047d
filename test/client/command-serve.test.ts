/** Whom `edge-net serve` takes a request to be from, and what it takes from flags and environment. */
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { clientOf, proxyList } from '../../client/node/serve/client-of.ts'
import { serveOptions } from '../../client/node/serve/options.ts'
import { UsageError } from '../../client/node/usage-error.ts'

const from = (remoteAddress: string, headers: IncomingMessage['headers'] = {}) =>
  ({ socket: { remoteAddress }, headers }) as Pick<IncomingMessage, 'socket' | 'headers'>

describe('the client', () => {
  it('is whoever the socket says, if that is no proxy', () => {
    const lies = { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-proto': 'https' }
    expect(clientOf(from('198.51.100.7', lies), proxyList(''))).toEqual({
      address: '198.51.100.7',
      protocol: undefined,
    })
    expect(clientOf(from('::ffff:198.51.100.7'), proxyList('')).address).toBe('198.51.100.7')
  })

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '172.18.0.5', 'fd00::5'])(
    'is whoever the proxy %s saw last',
    (proxy) => {
      const headers = { 'x-forwarded-for': '10.9.9.9, 203.0.113.1', 'x-forwarded-proto': 'https' }
      const proxies = proxyList('172.16.0.0/12, fd00::5')
      expect(clientOf(from(proxy, headers), proxies)).toEqual({ address: '203.0.113.1', protocol: 'https' })
    },
  )

  it('is the proxy itself when that does not say, or says nonsense', () => {
    expect(clientOf(from('127.0.0.1'), proxyList(''))).toEqual({ address: '127.0.0.1', protocol: undefined })
    const nonsense = { 'x-forwarded-for': 'unknown', 'x-forwarded-proto': 'gopher' }
    expect(clientOf(from('127.0.0.1', nonsense), proxyList(''))).toEqual({ address: '127.0.0.1', protocol: undefined })
  })

  it.each(['caddy', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/x', 'fd00::/129'])(
    'is not believed by a list like %s',
    (text) => {
      expect(() => proxyList(text)).toThrow(UsageError)
    },
  )
})

describe('the options', () => {
  const names = ['EDGE_NET_STUN_URLS', 'EDGE_NET_TURN_URLS']

  it('are for this machine alone, if nothing is said', () => {
    const { host, port, variables } = serveOptions({}, { HOME: '/home/ada', EDGE_NET_NAME: 'Ada' }, names)
    expect({ host, port, variables }).toEqual({ host: '127.0.0.1', port: 8787, variables: {} })
  })

  it('are taken from the environment, and flags go before it', () => {
    const environment = {
      EDGE_NET_PORT: '9000',
      EDGE_NET_DATA: '/srv/edge',
      EDGE_NET_STUN_URLS: 'stun:one',
      EDGE_NET_TURN_URLS: '',
    }
    expect(serveOptions({}, environment, names)).toMatchObject({
      port: 9000,
      folder: '/srv/edge',
      variables: { EDGE_NET_STUN_URLS: 'stun:one' },
    })
    expect(serveOptions({ port: '0', data: '/other', stun: '' }, environment, names)).toMatchObject({
      port: 0,
      folder: '/other',
      variables: { EDGE_NET_STUN_URLS: '' },
    })
  })
})
