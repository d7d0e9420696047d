import { describe, expect, it } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import { exitCodeOf } from '../../client/node/exit.ts'
import { stayOptions } from '../../client/node/options.ts'
import { UsageError } from '../../client/node/usage-error.ts'

describe('the arguments of the command', () => {
  it('have defaults that keep nothing from anybody', () => {
    expect(stayOptions({}, { XDG_DATA_HOME: '/home/ada/data', LOCALAPPDATA: '/home/ada/data' })).toEqual({
      join: { direct: 'on', iceTransportPolicy: 'all' },
      message: undefined,
      leaveAfterMs: undefined,
      json: false,
      folder: expect.stringMatching(/edge-net$/),
      ledger: true,
      sharePercent: undefined,
      gunRelays: [],
    })
  })

  it('say what is kept, and where', () => {
    const environment = { EDGE_NET_DATA: '/srv/edge' }
    expect(stayOptions({}, environment).folder).toBe('/srv/edge')
    expect(stayOptions({ data: '/other' }, environment).folder).toBe('/other')
    expect(stayOptions({ ephemeral: true }, environment)).toMatchObject({ folder: undefined, ledger: true })
    expect(stayOptions({ ledger: false }, environment)).toMatchObject({ folder: '/srv/edge', ledger: false })
  })

  it('say how much is contributed', () => {
    expect(stayOptions({ contribute: true }, {}).sharePercent).toBe(50)
    expect(stayOptions({ contribute: true, share: '100' }, {}).sharePercent).toBe(100)
  })

  it('win over the environment', () => {
    const environment = { EDGE_NET_NAME: 'from-environment' }
    expect(stayOptions({}, environment).join.name).toBe('from-environment')
    expect(stayOptions({ name: 'from-flag' }, environment).join.name).toBe('from-flag')
  })

  it('take ICE servers of the environment instead of the room', () => {
    const { join } = stayOptions(
      {},
      {
        EDGE_NET_STUN_SERVERS: 'stun:one.example:3478, stun:two.example',
        EDGE_NET_TURN_URL: 'turn:turn.example:3478?transport=udp',
        EDGE_NET_TURN_USERNAME: 'me',
        EDGE_NET_TURN_CREDENTIAL: 'secret',
        EDGE_NET_ICE_TRANSPORT_POLICY: 'relay',
      },
    )
    expect(join).toMatchObject({
      iceTransportPolicy: 'relay',
      iceServers: [
        { urls: ['stun:one.example:3478', 'stun:two.example'] },
        { urls: 'turn:turn.example:3478?transport=udp', username: 'me', credential: 'secret' },
      ],
    })
  })

  it('name Gun relays, each once, with http or as WebSockets', () => {
    const environment = { EDGE_NET_GUN: 'https://one.example/gun, wss://one.example/gun,http://[::1]:8765/gun' }
    expect(stayOptions({}, {}).gunRelays).toEqual([])
    expect(stayOptions({}, environment).gunRelays).toEqual(['wss://one.example/gun', 'ws://[::1]:8765/gun'])
    expect(stayOptions({ gun: ['https://two.example/gun'] }, environment).gunRelays).toEqual(['wss://two.example/gun'])
  })

  it('take an empty variable for an unset one', () => {
    const names = ['EDGE_NET_NAME', 'EDGE_NET_DATA', 'EDGE_NET_STUN_SERVERS', 'EDGE_NET_TURN_URL']
    const empty = Object.fromEntries([...names, 'EDGE_NET_TURN_USERNAME'].map((name) => [name, '']))
    expect(stayOptions({}, empty)).toEqual(stayOptions({}, {}))
  })

  it.each([
    [{ direct: 'maybe' }, {}, '--direct'],
    [{ for: 'ever' }, {}, '--for'],
    [{ for: '0' }, {}, '--for'],
    [{ for: '' }, {}, '--for'],
    [{ for: '99999999' }, {}, '--for'],
    [{ name: 'é'.repeat(33) }, {}, '66 bytes'],
    [{ data: '' }, {}, '--data'],
    [{ data: '/srv/edge', ephemeral: true }, {}, '--ephemeral'],
    [{ share: '50' }, {}, '--share'],
    [{ gun: ['relay.example/gun'] }, {}, '--gun has "relay.example/gun"'],
    [{ gun: [''] }, {}, '--gun'],
    [{ gun: ['https://me:secret@relay.example/gun'] }, {}, '--gun'],
    [{ gun: ['https://relay.example/gun#1'] }, {}, '--gun'],
    [{ gun: Array.from({ length: 9 }, (_, i) => `https://relay-${i}.example/gun`) }, {}, '--gun names 9 Gun relays'],
    [{}, { EDGE_NET_GUN: 'https://relay.example/gun,ftp://relay.example' }, 'EDGE_NET_GUN has "ftp://relay.example"'],
    [{ contribute: true, share: '0' }, {}, '--share'],
    [{ contribute: true, share: '101' }, {}, '--share'],
    [{ contribute: true, share: '2.5' }, {}, '--share'],
    [{ contribute: true, ledger: false }, {}, '--no-ledger'],
    [{}, { EDGE_NET_ICE_TRANSPORT_POLICY: 'none' }, 'EDGE_NET_ICE_TRANSPORT_POLICY'],
    [{}, { EDGE_NET_STUN_SERVERS: 'https://example.org' }, 'EDGE_NET_STUN_SERVERS'],
    [{}, { EDGE_NET_TURN_URL: 'turn:turn.example' }, 'credential'],
    [{}, { EDGE_NET_TURN_USERNAME: 'me' }, 'credential'],
    [
      {},
      { EDGE_NET_TURN_URL: 'stun:x', EDGE_NET_TURN_USERNAME: 'a', EDGE_NET_TURN_CREDENTIAL: 'b' },
      'EDGE_NET_TURN_URL',
    ],
  ])('are refused with a hint when wrong: %o %o', (flags, environment, named) => {
    let error: unknown
    try {
      stayOptions(flags, environment)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).message).toContain(named)
    expect((error as UsageError).hint).not.toBe('')
  })

  it('never repeat a credential in an error', () => {
    const environment = { EDGE_NET_TURN_USERNAME: 'me', EDGE_NET_TURN_CREDENTIAL: 'hunter2' }
    expect(() => stayOptions({}, environment)).toThrow(/^((?!hunter2).)*$/)
  })
})

describe('exit codes', () => {
  it.each([
    ['invalid-argument', 2],
    ['join-refused', 3],
    ['room-unreachable', 4],
    ['aborted', 130],
    ['unsupported', 1],
  ] as const)('tell what kind of failure it was: %s is %i', (code, exitCode) => {
    expect(exitCodeOf(new EdgeNetError(code, 'reason', 'message', 'hint'))).toBe(exitCode)
  })
})
