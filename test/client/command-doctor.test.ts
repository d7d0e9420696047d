import { describe, expect, it } from 'vitest'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { conclusionOf } from '../../client/node/doctor/conclusion.ts'
import { finding, type CheckName, type Verdict } from '../../client/node/doctor/finding.ts'
import { checkHttp } from '../../client/node/doctor/http.ts'
import { doctorLines } from '../../client/node/doctor/report.ts'
import { mappingOf, type Sighting } from '../../client/node/doctor/stun/mapping.ts'
import {
  ATTRIBUTE,
  decodeAnswer,
  encodeRequest,
  endpointOf,
  endpointText,
  isSignedWith,
  longTermKey,
  METHOD,
  textAttribute,
  textOf,
} from '../../client/node/doctor/stun/message.ts'
import { serverUrls } from '../../client/node/doctor/stun/server-url.ts'
import { troubleOf } from '../../client/node/doctor/trouble.ts'
import { styleFor } from '../../client/node/terminal.ts'
import { parseRoomUrl } from '../../client/room-url.ts'

/** RFC 5769 sections 2.2 and 2.3: what a server answers, over IPv4 and IPv6. */
const PASSWORD = Buffer.from('VOkJxbRl1RmTxUk/WvJxBt')
const IPV4_ANSWER = Buffer.from(
  `0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643
   00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`.replaceAll(/\s/g, ''),
  'hex',
)
const IPV6_ANSWER = Buffer.from(
  `01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014 0002a147 0113a9fa
   a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c`.replaceAll(
    /\s/g,
    '',
  ),
  'hex',
)

function decoded(bytes: Buffer) {
  const answer = decodeAnswer(bytes)
  if (!answer) throw new Error('no answer')
  return answer
}

describe('STUN messages', () => {
  it('are read as RFC 5769 has them', () => {
    const ipv4 = decoded(IPV4_ANSWER)
    expect(ipv4.isSuccess).toBe(true)
    expect(textOf(ipv4, ATTRIBUTE.software)).toBe('test vector')
    expect(endpointOf(ipv4, ATTRIBUTE.xorMappedAddress)).toEqual({ address: '192.0.2.1', port: 32_853 })
    const ipv6 = endpointOf(decoded(IPV6_ANSWER), ATTRIBUTE.xorMappedAddress)
    expect(ipv6).toEqual({ address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 })
    expect(ipv6 && endpointText(ipv6)).toBe('[2001:db8:1234:5678:11:2233:4455:6677]:32853')
  })

  it('are believed only with the signature of the password', () => {
    for (const bytes of [IPV4_ANSWER, IPV6_ANSWER]) {
      expect(isSignedWith(decoded(bytes), PASSWORD)).toBe(true)
      expect(isSignedWith(decoded(bytes), Buffer.from('another'))).toBe(false)
      const forged = Buffer.from(bytes)
      forged.writeUInt8(forged.readUInt8(30) ^ 1, 30)
      expect(isSignedWith(decoded(forged), PASSWORD)).toBe(false)
    }
  })

  it('are signed with the key that name, realm and password give', () => {
    // RFC 8489 section 9.2.2.
    expect(longTermKey('user', 'realm', 'pass').toString('hex')).toBe('8493fbc53ba582fb4c044c456bdc40eb')
    const { bytes } = encodeRequest(METHOD.allocate, [textAttribute(ATTRIBUTE.username, 'a')], PASSWORD)
    expect(bytes.readUInt16BE(2)).toBe(bytes.length - 20)
  })

  it('that are cut, or no answers, or no STUN at all are none', () => {
    for (let length = 0; length < IPV4_ANSWER.length; length++) {
      expect(decodeAnswer(IPV4_ANSWER.subarray(0, length))).toBeUndefined()
    }
    expect(decodeAnswer(encodeRequest(METHOD.binding).bytes)).toBeUndefined()
    expect(decodeAnswer(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))).toBeUndefined()
    const lying = Buffer.from(IPV4_ANSWER)
    lying.writeUInt16BE(0x4000, 22)
    expect(decodeAnswer(lying)).toBeUndefined()
  })
})

describe('what a NAT does', () => {
  const [one, two] = [
    { address: '192.0.2.1', port: 3478 },
    { address: '192.0.2.2', port: 3478 },
  ]
  const otherPort = { ...one, port: 3479 }
  const seen = (server: Sighting['server'], port: number, address = '203.0.113.7'): Sighting => ({
    server,
    mapped: { address, port },
  })
  const judged = (...sightings: Sighting[]) => mappingOf(sightings, new Set(['10.0.0.2', '198.51.100.9']), 40_000)

  it('is told by what several servers saw', () => {
    expect(judged(seen(one, 40_000, '198.51.100.9'), seen(two, 40_000, '198.51.100.9'))).toBe('none')
    expect(judged(seen(one, 50_001), seen(two, 50_001), seen(otherPort, 50_001))).toBe('endpoint-independent')
    expect(judged(seen(one, 50_001), seen(two, 50_002), seen(otherPort, 50_001))).toBe('address-dependent')
    expect(judged(seen(one, 50_001), seen(two, 50_002), seen(otherPort, 50_003))).toBe('address-and-port-dependent')
    expect(judged(seen(one, 50_001), seen(two, 50_002))).toBe('address-and-port-dependent')
  })

  it('is not told by what one server saw', () => {
    expect(judged(seen(one, 50_001))).toBe('unknown')
    expect(judged(seen(one, 50_001), seen(otherPort, 50_001))).toBe('port-independent')
    expect(judged()).toBe('unknown')
  })

  it('also is a NAT when it keeps the port, and when it has two addresses', () => {
    expect(judged(seen(one, 40_000), seen(two, 40_000))).toBe('endpoint-independent')
    expect(judged(seen(one, 50_001), seen(two, 50_001, '203.0.113.8'))).toBe('address-and-port-dependent')
  })
})

describe('addresses of ICE servers', () => {
  it('are taken apart, with their default ports and transports', () => {
    const urls = [
      'stun:a.example',
      'turn:a.example?transport=tcp',
      'turns:a.example',
      'turn:[2001:db8::1]:80',
      'TURN:a.example:443?transport=UDP',
    ]
    expect(
      serverUrls([{ urls, username: 'u', credential: 'c' }]).map((one) => [one.host, one.port, one.transport]),
    ).toEqual([
      ['a.example', 3478, 'udp'],
      ['a.example', 3478, 'tcp'],
      ['a.example', 5349, 'tls'],
      ['2001:db8::1', 80, 'udp'],
      ['a.example', 443, 'udp'],
    ])
    expect(serverUrls([{ urls: 'stun:a.example' }, { urls: ['https://x', 'turn:', 'stun:a:b:c'] }])).toHaveLength(1)
  })
})

describe('the conclusion', () => {
  const concluded = (...found: [CheckName, Verdict][]) =>
    conclusionOf(found.map(([check, verdict]) => finding(check, verdict, ''))).exitCode

  it('is 0 for all well, 1 for nothing works, 3 for limits', () => {
    expect(concluded(['http', 'ok'], ['relay', 'ok'], ['turn-tls', 'skipped'])).toBe(0)
    expect(concluded(['http', 'ok'], ['websocket', 'ok'], ['relay', 'failed'])).toBe(1)
    expect(concluded(['websocket', 'failed'], ['stun', 'ok'])).toBe(1)
    expect(concluded(['relay', 'ok'], ['stun', 'limited'])).toBe(3)
    expect(concluded(['relay', 'ok'], ['turn-udp', 'failed'])).toBe(3)
  })

  it('is 3 where the room is out of reach and a Gun relay is not, unless it is for another reason that nobody gets in', () => {
    expect(concluded(['http', 'failed'], ['websocket', 'failed'], ['gun', 'limited'])).toBe(3)
    expect(concluded(['http', 'failed'], ['websocket', 'failed'], ['gun', 'failed'])).toBe(1)
    expect(concluded(['http', 'ok'], ['websocket', 'failed'], ['gun', 'ok'])).toBe(1)
    expect(concluded(['http', 'failed'], ['membership', 'failed'], ['websocket', 'skipped'], ['gun', 'ok'])).toBe(1)
  })
})

describe('lines of the doctor', () => {
  it('show what strangers call themselves without obeying it', () => {
    const found = finding('peers', 'ok', 'direct to \u001b[2J', { advice: ['a\u0007b'] })
    const line = doctorLines({ event: 'finding', ...found, tookMs: 1, sinceMs: 1 }, styleFor(false)) ?? ''
    expect(line).toContain('direct to \\u001b[2J')
    expect(line).toContain('→ a\\u0007b')
  })
})

describe('why no connection came about', () => {
  it('is found inside what fetch and sockets throw', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const both = new AggregateError([refused, refused])
    for (const error of [
      refused,
      new TypeError('fetch failed', { cause: refused }),
      new TypeError('x', { cause: both }),
    ]) {
      expect(troubleOf(error)).toMatchObject({ code: 'ECONNREFUSED', words: 'nothing listens there' })
    }
    expect(troubleOf(new DOMException('t', 'TimeoutError')).words).toBe('no answer in time')
    const certificate = Object.assign(new Error('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(troubleOf(certificate).words).toContain('certificate')
  })

  it('is told in its own words when it is not known', () => {
    expect(troubleOf(new TypeError('fetch failed', { cause: new Error('strange') })).words).toBe('strange')
  })
})

describe('the clock', () => {
  async function clockFinding(aheadMs: number) {
    const server = createServer((_, response) => {
      response.sendDate = false
      response.setHeader('Date', new Date(Date.now() - aheadMs).toUTCString())
      response.end(JSON.stringify({ name: 'mainnet', members: 2 }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const found = await checkHttp(parseRoomUrl(`http://127.0.0.1:${port}/n/mainnet`))
    server.close()
    return found
  }

  it('is compared with the host’s', async () => {
    expect(await clockFinding(0)).toMatchObject({ verdict: 'ok', summary: expect.stringContaining('the clocks agree') })
    const ahead = await clockFinding(10_800_000)
    expect(ahead).toMatchObject({ verdict: 'limited', advice: [expect.stringContaining('Set this clock right')] })
    expect(ahead.summary).toContain('this clock is 3 h ahead')
    expect(await clockFinding(-20_000)).toMatchObject({ verdict: 'ok', summary: expect.stringContaining('behind') })
  })
})
