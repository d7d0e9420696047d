/** A room URL is taken apart exactly, and anything else is refused with a hint that shows the form. */
import { describe, expect, it } from 'vitest'
import { parseRoomUrl } from '../../client/room-url.ts'

describe('a room URL', () => {
  it('names host, network and the places to go', () => {
    expect(parseRoomUrl('https://edge-net.example/n/mainnet')).toEqual({
      network: 'mainnet',
      host: 'edge-net.example',
      http: 'https://edge-net.example/n/mainnet',
      webSocket: 'wss://edge-net.example/n/mainnet',
      ice: 'https://edge-net.example/n/mainnet/ice',
    })
  })

  it.each([
    ['http://127.0.0.1:8787/n/a', 'ws://127.0.0.1:8787/n/a'],
    ['https://EXAMPLE.com:443/n/test/', 'wss://example.com/n/test'],
    ['https://example.com/n/test?invite=1#here', 'wss://example.com/n/test'],
    ['https://user:secret@example.com/n/test', 'wss://example.com/n/test'],
    ['http://[::1]:80/n/test', 'ws://[::1]/n/test'],
  ])('%s leads to %s', (text, webSocket) => {
    expect(parseRoomUrl(text).webSocket).toBe(webSocket)
  })

  it.each([
    '',
    'mainnet',
    '/n/mainnet',
    'ftp://example.com/n/mainnet',
    'wss://example.com/n/mainnet',
    'javascript:alert(1)//n/mainnet',
    'https://example.com/',
    'https://example.com/n/',
    'https://example.com/n/a/b',
    'https://example.com/x/n/a',
    'https://example.com/N/a',
  ])('"%s" is none', (text) => {
    expect(() => parseRoomUrl(text)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        reason: 'room-url',
        hint: expect.stringContaining('https://HOST/n/NETWORK') as string,
      }),
    )
  })

  it.each(['UPPER', '-a', 'a-', 'a_b', 'ä', '%61', 'a'.repeat(64), 'net-abc', 'a.b'])(
    'does not take "%s" for a network name',
    (name) => {
      expect(() => parseRoomUrl(`https://example.com/n/${name}`)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', reason: 'network-name' }),
      )
    },
  )
})
