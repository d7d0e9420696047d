/** How one member passes on what is said to everybody, whatever its neighbours do. */
import { describe, expect, it } from 'vitest'
import { Gossip, type GossipMessage } from '../../client/mesh/gossip.ts'
import { GOSSIP_POLICY } from '../../client/mesh/gossip-policy.ts'
import { MAX_HOPS, SEEK_TOPIC } from '../../client/mesh/limits.ts'
import { decodeMessage, encodeMessage, identified, type Bodies, type Kind } from '../../client/mesh/messages.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { peerIdBytes, peerIdText, type PeerId } from '../../protocol/peer-id.ts'
import { idOf } from '../mesh/sim/identity.ts'

const peer = (n: number): PeerId => peerIdText(new Uint8Array(16).fill(n))
const NEIGHBOURS = [2, 3, 4, 5, 6].map(peer)
const [ANN, BEN, CAT, DAN, EVE] = NEIGHBOURS as [PeerId, PeerId, PeerId, PeerId, PeerId]
const STRANGER = peer(99)
const TOPIC = 1

interface Sent {
  readonly to: PeerId
  readonly kind: Kind
  readonly body: object
}

function makeGossip() {
  const clock = { nowMs: 100_000 }
  const did = { sent: [] as Sent[], asked: [] as number[], delivered: [] as string[], blamed: [] as string[] }
  const gossip = new Gossip(
    {
      origin: peerIdBytes(peer(1)),
      get nowMs() {
        return clock.nowMs
      },
      random: () => 0.5,
      idOf,
      send: (to, kind, body) => void did.sent.push({ to, kind, body }),
      sendBytes: (to, bytes) => {
        const message = decodeMessage(bytes)
        if (message) did.sent.push({ to, ...message })
      },
      validate: (ticket) => void did.asked.push(ticket),
      deliver: ({ payload }, from) => void did.delivered.push(`${new TextDecoder().decode(payload)} ${from}`),
      isGood: () => true,
      blame: (whom, fault) => void did.blamed.push(`${fault} ${whom}`),
    },
    GOSSIP_POLICY,
  )
  for (const neighbour of NEIGHBOURS) gossip.neighbourUp(neighbour)
  const take = (from: PeerId, kind: GossipMessage['kind'], body: object) => {
    const bytes = encodeMessage(kind, body as never)
    gossip.receive(from, { kind, body } as GossipMessage, bytes)
  }
  return {
    gossip,
    ...did,
    /** A neighbour pushes something. */
    push: (from: PeerId, text: string, change: Partial<Bodies['mesh_gossip']> = {}) =>
      take(from, 'mesh_gossip', { ...wordOf(text), ...change }),
    have: (from: PeerId, ...ids: Bytes[]) => take(from, 'mesh_have', { ids }),
    graft: (from: PeerId, isPush: boolean, ...ids: Bytes[]) => take(from, 'mesh_graft', { isPush, ids }),
    prune: (from: PeerId) => take(from, 'mesh_prune', {}),
    judge: (verdict: 'accept' | 'reject' | 'ignore') => {
      for (const ticket of did.asked.splice(0)) gossip.judged(ticket, verdict)
    },
    pass: (ms: number) => {
      clock.nowMs += ms
      gossip.tick()
    },
    /** What was sent of a kind since it was last asked for, and to whom. */
    sentOf: (kind: Kind) => did.sent.filter((each) => each.kind === kind).map(({ to }) => to),
    forget: () => void did.sent.splice(0),
  }
}

const wordOf = (text: string): Bodies['mesh_gossip'] => ({
  topic: TOPIC,
  hops: 0,
  origin: peerIdBytes(STRANGER),
  number: 0,
  payload: utf8(text),
})
const idOfWord = (text: string, change: Partial<Bodies['mesh_gossip']> = {}) =>
  idOf(identified(encodeMessage('mesh_gossip', { ...wordOf(text), ...change })))

describe('what is said', () => {
  it('by oneself goes to all neighbours, also to those who want no pushing', () => {
    const { gossip, prune, sentOf } = makeGossip()
    prune(ANN)
    gossip.publish(TOPIC, utf8('mine'))
    expect(sentOf('mesh_gossip')).toEqual(NEIGHBOURS)
  })

  it('goes on when it was judged, not before, to all but who pushed it', () => {
    const { push, judge, sentOf, delivered } = makeGossip()
    push(ANN, 'word')
    expect([sentOf('mesh_gossip'), delivered]).toEqual([[], []])
    judge('accept')
    expect(sentOf('mesh_gossip')).toEqual([BEN, CAT, DAN, EVE])
    expect(delivered).toEqual([`word ${ANN}`])
  })

  it('and is judged invalid goes to nobody, and whoever pushed it is blamed, each', () => {
    const { push, judge, sentOf, delivered, blamed } = makeGossip()
    push(ANN, 'garbage')
    push(BEN, 'garbage')
    judge('reject')
    expect([sentOf('mesh_gossip'), delivered]).toEqual([[], []])
    expect(blamed).toEqual([`garbage ${ANN}`, `garbage ${BEN}`])
  })

  it('and is to be ignored goes to nobody, and nobody is blamed', () => {
    const { push, judge, sentOf, blamed } = makeGossip()
    push(ANN, 'old')
    judge('ignore')
    expect([sentOf('mesh_gossip'), blamed]).toEqual([[], []])
  })

  it('is delivered once, however often it comes', () => {
    const { push, judge, delivered, pass } = makeGossip()
    for (const neighbour of NEIGHBOURS) push(neighbour, 'word')
    judge('accept')
    pass(60_000)
    for (const neighbour of NEIGHBOURS) push(neighbour, 'word', { hops: 3 })
    judge('accept')
    expect(delivered).toHaveLength(1)
  })

  it('by strangers is not heard', () => {
    const { push, asked } = makeGossip()
    push(STRANGER, 'word')
    expect(asked).toEqual([])
  })

  it('goes no further than so many hops', () => {
    const { push, judge, sentOf, delivered, pass } = makeGossip()
    push(ANN, 'far', { hops: MAX_HOPS - 1 })
    push(ANN, 'too far', { hops: MAX_HOPS })
    judge('accept')
    pass(GOSSIP_POLICY.haveMs)
    expect(delivered).toEqual([`far ${ANN}`])
    expect([sentOf('mesh_gossip'), sentOf('mesh_have')]).toEqual([[], []])
  })

  it('is not kept from others by one who says that it has come far, or brings more than is judged at a time', () => {
    const { push, judge, delivered } = makeGossip()
    push(ANN, 'far', { hops: MAX_HOPS })
    push(BEN, 'far')
    for (let i = 0; i < GOSSIP_POLICY.maxPending; i++) push(ANN, `much ${i}`, { origin: idOf(utf8(`${i}`)) })
    push(ANN, 'word')
    push(BEN, 'word')
    judge('accept')
    expect(delivered).toContain(`far ${BEN}`)
    expect(delivered).toContain(`word ${BEN}`)
  })

  it('by one who says too much is dropped, and nobody is blamed for it', () => {
    const { push, asked, blamed } = makeGossip()
    for (let i = 0; i < 200; i++) push(ANN, `word ${i}`)
    expect(asked).toHaveLength(GOSSIP_POLICY.perOrigin.burst)
    expect(blamed).toEqual([])
  })

  it('too fast by a neighbour is a flood, under however many names', () => {
    const { push, judge, blamed } = makeGossip()
    for (let i = 0; i <= GOSSIP_POLICY.messages.burst; i++) {
      const origin = new Uint8Array(16)
      new DataView(origin.buffer).setUint32(0, i)
      push(ANN, 'word', { origin })
      judge('ignore')
    }
    expect(blamed).toEqual([`flood ${ANN}`])
  })
})

describe('what many say at once', () => {
  it('goes to nobody faster than he takes it: he would blame us for it', () => {
    const { push, judge, pass, prune, sent } = makeGossip()
    const { messages, ids } = GOSSIP_POLICY
    prune(EVE)
    let n = 0
    for (let ms = 0; ms < 60_000; ms += 50) {
      // Three neighbours say as much as they may, with as many origins as they like.
      for (const from of [ANN, BEN, CAT])
        for (let i = 0; i < messages.perSecond / 20; i++) push(from, `word ${++n}`, { origin: idOf(utf8(`${n}`)) })
      judge('accept')
      pass(50)
    }
    const pushed = sent.filter(({ to, kind }) => to === DAN && kind === 'mesh_gossip').length
    expect(pushed).toBeGreaterThan(60 * messages.perSecond)
    expect(pushed).toBeLessThanOrEqual(messages.burst - GOSSIP_POLICY.reservedMessages + 60 * messages.perSecond)
    const told = sent.filter(({ to, kind }) => to === EVE && kind === 'mesh_have')
    const toldIds = told.reduce((sum, { body }) => sum + (body as Bodies['mesh_have']).ids.length, 0)
    expect(toldIds).toBeLessThan(ids.burst + 60 * ids.perSecond)
  })

  it('leaves room for what he asks for, and for what is one’s own', () => {
    const { gossip, push, judge, graft, sentOf, forget } = makeGossip()
    const { messages } = GOSSIP_POLICY
    for (const from of [ANN, BEN])
      for (let n = 0; n < messages.burst; n++) {
        push(from, `${from} ${n}`, { origin: idOf(utf8(`${from} ${n}`)) })
        judge('accept')
      }
    expect(sentOf('mesh_gossip').filter((to) => to === DAN)).toHaveLength(
      messages.burst - GOSSIP_POLICY.reservedMessages,
    )
    forget()
    gossip.publish(TOPIC, utf8('mine'))
    graft(DAN, false, idOfWord(`${ANN} 1`, { origin: idOf(utf8(`${ANN} 1`)) }))
    expect(sentOf('mesh_gossip').filter((to) => to === DAN)).toHaveLength(2)
  })
})

describe('who pushes', () => {
  it('is asked to stop when it comes late, while three others push', () => {
    const { push, judge, sentOf } = makeGossip()
    for (const neighbour of NEIGHBOURS) push(neighbour, 'word')
    judge('accept')
    expect(sentOf('mesh_prune')).toEqual([DAN, EVE])
  })

  it('and was asked to stop is blamed when it goes on', () => {
    const { push, judge, pass, blamed } = makeGossip()
    for (const neighbour of NEIGHBOURS) push(neighbour, 'first')
    judge('accept')
    push(ANN, 'second')
    push(EVE, 'second')
    expect(blamed).toEqual([])
    pass(GOSSIP_POLICY.pruneGraceMs + 1)
    push(EVE, 'second')
    expect(blamed).toEqual([`flood ${EVE}`])
  })

  it('does not count when nothing has come for a minute: nobody is asked to stop then', () => {
    const { push, judge, pass, sentOf, forget } = makeGossip()
    for (const neighbour of [ANN, BEN, CAT]) push(neighbour, 'first')
    judge('accept')
    pass(GOSSIP_POLICY.lastingMs + 1)
    forget()
    push(ANN, 'second')
    judge('accept')
    push(DAN, 'second')
    push(EVE, 'second')
    expect(sentOf('mesh_prune')).toEqual([])
  })

  it('may push again when it is asked to', () => {
    const { prune, graft, push, judge, sentOf } = makeGossip()
    prune(BEN)
    push(ANN, 'one')
    judge('accept')
    expect(sentOf('mesh_gossip')).not.toContain(BEN)
    graft(BEN, true)
    push(ANN, 'two')
    judge('accept')
    expect(sentOf('mesh_gossip')).toContain(BEN)
  })
})

describe('what is told of', () => {
  it('is told to those who want no pushing, together', () => {
    const { prune, push, judge, pass, sent, sentOf } = makeGossip()
    prune(BEN)
    push(ANN, 'one')
    push(ANN, 'two')
    judge('accept')
    expect(sentOf('mesh_have')).toEqual([])
    pass(GOSSIP_POLICY.haveMs)
    expect(sent.filter(({ kind }) => kind === 'mesh_have')).toEqual([
      { to: BEN, kind: 'mesh_have', body: { ids: [idOfWord('one'), idOfWord('two')] } },
    ])
  })

  it('and does not come is asked for, of the next one if it does not come, and who did not send it is blamed', () => {
    const { have, pass, sentOf, blamed } = makeGossip()
    have(ANN, idOfWord('word'))
    have(BEN, idOfWord('word'))
    pass(GOSSIP_POLICY.graftMs)
    expect(sentOf('mesh_graft')).toEqual([ANN])
    pass(GOSSIP_POLICY.regraftMs)
    expect(sentOf('mesh_graft')).toEqual([ANN, BEN])
    pass(GOSSIP_POLICY.regraftMs)
    expect(blamed).toEqual([`broken-promise ${ANN}`, `broken-promise ${BEN}`])
  })

  it('is one promise, however much it was: who was asked for much at once may need some time', () => {
    const { have, pass, blamed } = makeGossip()
    have(ANN, ...Array.from({ length: 100 }, (_, i) => idOfWord(`word ${i}`)))
    pass(GOSSIP_POLICY.graftMs)
    pass(GOSSIP_POLICY.regraftMs)
    expect(blamed).toEqual([`broken-promise ${ANN}`])
  })

  it('and was asked for before its teller parted and came again is no promise any more: the question may be lost', () => {
    const { gossip, have, pass, blamed } = makeGossip()
    have(ANN, idOfWord('word'))
    pass(GOSSIP_POLICY.graftMs)
    gossip.neighbourDown(ANN)
    gossip.neighbourUp(ANN)
    pass(GOSSIP_POLICY.regraftMs)
    expect(blamed).toEqual([])
    expect(gossip.held.missing).toBe(0)
  })

  it('and comes is not asked for', () => {
    const { have, push, pass, sentOf } = makeGossip()
    have(ANN, idOfWord('word'))
    push(BEN, 'word')
    pass(GOSSIP_POLICY.graftMs)
    expect(sentOf('mesh_graft')).toEqual([])
  })

  it('is waited for to a bound, whatever a neighbour tells of', () => {
    const { have, gossip } = makeGossip()
    for (let n = 0; n < 5_000; n++) {
      const id = new Uint8Array(16)
      new DataView(id.buffer).setUint32(0, n)
      have(ANN, id)
    }
    expect(gossip.held.missing).toBe(GOSSIP_POLICY.maxMissingOfOne)
    have(BEN, idOfWord('word'))
    expect(gossip.held.missing).toBe(GOSSIP_POLICY.maxMissingOfOne + 1)
  })

  it('can be had for a minute', () => {
    const { push, judge, graft, pass, sentOf, forget } = makeGossip()
    push(ANN, 'word')
    judge('accept')
    forget()
    graft(BEN, true, idOfWord('word'))
    expect(sentOf('mesh_gossip')).toEqual([BEN])
    pass(GOSSIP_POLICY.storeMs + 1)
    graft(BEN, true, idOfWord('word'))
    expect(sentOf('mesh_gossip')).toEqual([BEN])
  })
})

describe('a voice', () => {
  const speaker = (n: number) => peerIdBytes(peer(n))

  it('is nobody’s to take: what somebody says in another’s name, or on another topic, does not count', () => {
    const { push, judge, pass, delivered, forget } = makeGossip()
    for (let i = 0; i < 4 * GOSSIP_POLICY.perOrigin.burst; i++) {
      push(ANN, `forged ${i}`, { origin: speaker(50) })
      judge('ignore')
      push(ANN, `elsewhere ${i}`, { origin: speaker(50), topic: 99 })
      judge('accept')
    }
    forget()
    delivered.length = 0
    push(BEN, 'genuine', { origin: speaker(50) })
    judge('accept')
    pass(0)
    expect(delivered).toEqual([`genuine ${BEN}`])
  })

  it('of those who seek is rationed by neighbour alone: anybody could claim to be them', () => {
    const { push, judge, delivered } = makeGossip()
    const count = 2 * GOSSIP_POLICY.perOrigin.burst
    for (let i = 0; i < count; i++) push(ANN, `whom ${i}`, { origin: speaker(50), topic: SEEK_TOPIC })
    judge('accept')
    expect(delivered).toHaveLength(count)
  })
})

describe('garbage', () => {
  it('on a topic that not everybody judges costs its bringer that topic there, and nothing else', () => {
    const { gossip, push, judge, blamed, asked, delivered, have, pass, sentOf, forget } = makeGossip()
    for (let i = 0; i < 3; i++) push(ANN, `bad ${i}`, { topic: 2 })
    judge('reject')
    expect(blamed).toEqual([])
    have(BEN, idOfWord('good', { topic: 2 }))
    push(ANN, 'good', { topic: 2 })
    push(ANN, 'word')
    expect(asked).toHaveLength(1)
    judge('accept')
    expect(delivered).toEqual([`word ${ANN}`])
    // It is asked for at those who are listened to.
    forget()
    pass(GOSSIP_POLICY.graftMs)
    expect(sentOf('mesh_graft')).toEqual([BEN])
    // Nor does parting and coming again help.
    gossip.neighbourDown(ANN)
    gossip.neighbourUp(ANN)
    push(ANN, 'other', { topic: 2 })
    expect(asked).toEqual([])
  })
})

describe('whoever parts and comes again', () => {
  it('has no more to say for it, and is asked all the same for what it should have', () => {
    const { gossip, push, judge, blamed } = makeGossip()
    const { burst } = GOSSIP_POLICY.messages
    for (let i = 0; i < burst; i++) push(ANN, 'word')
    judge('accept')
    expect(blamed.filter((each) => each.startsWith('flood'))).toEqual([])
    gossip.neighbourDown(ANN)
    gossip.neighbourUp(ANN)
    gossip.neighbourAnew(ANN)
    push(ANN, 'word')
    expect(blamed).toEqual([`flood ${ANN}`])
  })
})

describe('a new neighbour', () => {
  it('is told of what came just now over links that are old enough', () => {
    const { gossip, push, judge, pass, sentOf, forget } = makeGossip()
    pass(GOSSIP_POLICY.recentMs)
    push(ANN, 'word')
    judge('accept')
    forget()
    gossip.neighbourUp(STRANGER)
    pass(GOSSIP_POLICY.haveMs)
    expect(sentOf('mesh_have')).toEqual([STRANGER])
  })

  it('is not told of who seeks whom: whoever still does says so again', () => {
    const { gossip, push, judge, pass, sentOf, forget } = makeGossip()
    pass(GOSSIP_POLICY.recentMs)
    push(ANN, 'whom', { topic: SEEK_TOPIC })
    judge('accept')
    forget()
    gossip.neighbourUp(STRANGER)
    pass(GOSSIP_POLICY.haveMs)
    expect(sentOf('mesh_have')).toEqual([])
  })

  it('is not told of what another new one has told of: it may be old', () => {
    const { gossip, push, judge, pass, sentOf, forget } = makeGossip()
    push(ANN, 'word')
    judge('accept')
    forget()
    gossip.neighbourUp(STRANGER)
    pass(GOSSIP_POLICY.haveMs)
    expect(sentOf('mesh_have')).toEqual([])
  })
})

describe('an audit', () => {
  /** Ann has said much that everybody should have, and each neighbour is asked for some of it. */
  function audited() {
    const all = makeGossip()
    all.pass(GOSSIP_POLICY.auditMs - 10_000)
    for (let i = 0; i < 6; i++) all.push(ANN, `word ${i}`, { origin: peerIdBytes(peer(200 + i)) })
    all.push(ANN, 'seek', { topic: 0 })
    all.judge('accept')
    all.forget()
    all.pass(10_000)
    const asked = all.sent.filter(({ kind }) => kind === 'mesh_graft')
    const idsAskedOf = (whom: PeerId) =>
      asked.flatMap(({ to, body }) => (to === whom ? (body as Bodies['mesh_graft']).ids : []))
    return { ...all, idsAskedOf }
  }

  it('asks for something of several, of nobody what he gave us, and not for what is rationed', () => {
    const { idsAskedOf } = audited()
    expect(idsAskedOf(BEN)).toHaveLength(GOSSIP_POLICY.auditedIds)
    expect(idsAskedOf(BEN)).not.toContainEqual(
      idOf(identified(encodeMessage('mesh_gossip', { ...wordOf('seek'), topic: 0 }))),
    )
    expect(idsAskedOf(ANN)).toEqual([])
  })

  it('finds those who have nothing silent, in the time in which a dead link would be noticed and some more', () => {
    const { push, pass, blamed } = audited()
    push(BEN, 'word 5', { origin: peerIdBytes(peer(205)) })
    pass(GOSSIP_POLICY.auditWaitMs - 1)
    expect(blamed).toEqual([])
    pass(1)
    expect(blamed).toEqual([CAT, DAN, EVE].map((whom) => `silent ${whom}`))
  })

  it('comes also to those who say again and again that they have just become neighbours', () => {
    const { gossip, push, judge, pass, blamed } = makeGossip()
    for (let second = 0; second < 300; second += 3) {
      push(ANN, `word ${second}`, { origin: idOf(utf8(`${second}`)) })
      judge('accept')
      gossip.neighbourAnew(BEN)
      pass(3_000)
    }
    expect(blamed).toContain(`silent ${BEN}`)
  })

  it('is answered with one message', () => {
    const { push, judge, graft, sentOf, forget } = makeGossip()
    for (const text of ['one', 'two', 'three']) push(ANN, text)
    judge('accept')
    forget()
    graft(BEN, false, idOfWord('unknown'), idOfWord('one'), idOfWord('two'))
    expect(sentOf('mesh_gossip')).toEqual([BEN])
  })
})
