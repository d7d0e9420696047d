/**
 * What every carrier must do, as scenarios that any test runner can run: each is a name and a function that rejects when the
 * carrier fails it. The carriers of this project pass it against their real media; so should yours.
 *
 * @example
 * for (const { name, run } of carrierScenarios(openWorld)) it(name, run)
 */
import { signAnnouncement } from '../../protocol/announcement.ts'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import type { Envelope, EnvelopeKind } from '../../protocol/envelope.ts'
import {
  ENVELOPE_HEADER_BYTES,
  MAX_INTRO_ENVELOPE_BYTES,
  MAX_RELAY_ENVELOPE_BYTES,
  MAX_SIGNAL_ENVELOPE_BYTES,
} from '../../protocol/limits.ts'
import { networkIdOfName } from '../../protocol/network.ts'
import { peerIdOf, type Core, type PeerId } from '../../protocol/peer-id.ts'
import { createIdentity, type Identity } from '../identity/identity.ts'
import type { Carrier, CarrierEvents, CarrierSelf } from './carrier.ts'

/** Who plays: what a medium may ask of a member before it is one of its own. */
export interface ScenarioMember extends CarrierSelf {
  /** The plain name whose network it is. */
  readonly networkName: string
  /** A signature of the identity's. */
  sign(message: Bytes): Promise<Bytes>
}

/** A medium of one test: a room, a Gun relay, a mesh of neighbours. */
export interface CarrierWorld {
  /** A carrier for a member, not started yet. */
  open(self: ScenarioMember): Carrier | Promise<Carrier>
  /** Takes the medium away from everybody, and gives it back. Absent when that cannot be done. */
  cut?(): Promise<void>
  mend?(): Promise<void>
  /** Throws rubbish into the medium, as a stranger can. */
  litter?(network: Bytes): Promise<void>
  close(): Promise<void>
}

export interface CarrierScenario {
  readonly name: string
  readonly run: () => Promise<void>
}

export interface ScenarioOptions {
  /** How long anything may take, in milliseconds. Default 10,000. */
  readonly patienceMs?: number
  /** How long to watch that something does not happen, in milliseconds. Default 300. */
  readonly watchMs?: number
}

const LOOK_MS = 5
/** What has not arrived is sent again so often before the scenario fails. */
const RESENDS = 20
const HOUR_MS = 3_600_000

/**
 * The scenarios, each in a world of its own.
 *
 * @param openWorld makes a medium
 */
export function carrierScenarios(
  openWorld: () => CarrierWorld | Promise<CarrierWorld>,
  options: ScenarioOptions = {},
): readonly CarrierScenario[] {
  return SCENARIOS.map(({ name, play }) => ({
    name,
    async run() {
      const stage = new Stage(await openWorld(), options)
      try {
        await play(stage)
      } finally {
        await stage.close()
      }
    },
  }))
}

/** A member with a carrier, and what it was told. */
class Actor implements ScenarioMember {
  readonly networkName: string
  readonly networkId: Bytes
  readonly peerId: PeerId
  readonly met: Bytes[] = []
  readonly envelopes: Envelope[] = []
  /** `up`, `down` and `ready`, in order. */
  readonly states: string[] = []
  /** True while `start` runs: nothing may be told then. */
  isStarting = false
  readonly #identity: Identity
  readonly #core: Core
  #announcement: Bytes
  #carrier: Carrier | undefined

  constructor(networkName: string, identity: Identity, core: Core, peerId: PeerId, announcement: Bytes) {
    this.networkName = networkName
    this.#identity = identity
    this.#core = core
    this.networkId = core.network
    this.peerId = peerId
    this.#announcement = announcement
  }

  static async of(networkName: string, name: string): Promise<Actor> {
    const identity = await createIdentity()
    const keys = await crypto.subtle.generateKey('X25519', false, ['deriveBits'])
    const session = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
    const core = { identity: identity.publicKey, session, network: await networkIdOfName(networkName) }
    const announcement = await announcementOf(core, identity, name, Date.now())
    return new Actor(networkName, identity, core, await peerIdOf(core), announcement)
  }

  announcement(): Bytes {
    return this.#announcement
  }

  nowMs(): number {
    return Date.now()
  }

  sign(message: Bytes): Promise<Bytes> {
    return this.#identity.sign(message)
  }

  get carrier(): Carrier {
    if (!this.#carrier) throw new Error('the actor is not on the stage')
    return this.#carrier
  }

  begin(carrier: Carrier): void {
    this.#carrier = carrier
    this.isStarting = true
    carrier.start(this, this.#events())
    this.isStarting = false
  }

  async renew(name: string): Promise<void> {
    this.#announcement = await announcementOf(this.#core, this.#identity, name, Date.now() + 1)
    this.carrier.announce()
  }

  hasMet(other: Actor): boolean {
    return this.met.some((bytes) => compareBytes(bytes, other.announcement()) === 0)
  }

  #events(): CarrierEvents {
    const tell = (state: string) => {
      if (this.isStarting) throw new Error(`${state} was told within start()`)
      this.states.push(state)
    }
    return {
      up: () => tell('up'),
      down: () => tell('down'),
      ready: () => tell('ready'),
      met: (announcement) => this.met.push(announcement),
      envelope: (envelope) => this.envelopes.push(envelope),
      unreachable: () => undefined,
    }
  }
}

async function announcementOf(core: Core, identity: Identity, name: string, issuedAtMs: number): Promise<Bytes> {
  const profile = { rank: 0, rtc: false, name, capabilities: [], chain: new Uint8Array(0) }
  const times = { issuedAtMs, expiresAtMs: issuedAtMs + HOUR_MS }
  return signAnnouncement(core, { ...profile, ...times }, (message) => identity.sign(message))
}

/** Where a scenario plays. */
class Stage {
  readonly world: CarrierWorld
  readonly #patienceMs: number
  readonly #watchMs: number
  readonly #actors: Actor[] = []

  constructor(world: CarrierWorld, { patienceMs = 10_000, watchMs = 300 }: ScenarioOptions) {
    this.world = world
    this.#patienceMs = patienceMs
    this.#watchMs = watchMs
  }

  /** A member whose carrier works. */
  async actor(name: string, network = 'acceptance'): Promise<Actor> {
    const actor = await this.arriving(name, network)
    await this.until(`${name} is up`, () => actor.states.includes('up'))
    return actor
  }

  /** A member whose carrier has been started just now. */
  async arriving(name: string, network = 'acceptance'): Promise<Actor> {
    const actor = await Actor.of(network, name)
    const carrier = await this.world.open(actor)
    this.#actors.push(actor)
    actor.begin(carrier)
    return actor
  }

  /** Two that know of each other. */
  async pair(): Promise<[Actor, Actor]> {
    const ada = await this.actor('Ada')
    const bob = await this.actor('Bob')
    await this.meet(ada, bob)
    return [ada, bob]
  }

  async meet(ada: Actor, bob: Actor): Promise<void> {
    ada.carrier.seek(true)
    bob.carrier.seek(true)
    await this.until('they meet', () => ada.hasMet(bob) && bob.hasMet(ada))
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + this.#patienceMs
    while (!holds()) {
      if (performance.now() > deadlineMs) throw new Error(`not within ${this.#patienceMs} ms: ${what}`)
      await pause(LOOK_MS)
    }
  }

  /** Sends until it arrives, as links do: a carrier may lose. */
  async carry(from: Actor, to: Actor, kind: EnvelopeKind, body: Bytes): Promise<void> {
    const hasArrived = () =>
      to.envelopes.some((of) => of.kind === kind && of.peer === from.peerId && compareBytes(of.body, body) === 0)
    let sentMs = -Infinity
    await this.until(`${kind} of ${body.length} bytes arrives`, () => {
      if (performance.now() - sentMs > this.#patienceMs / RESENDS) {
        sentMs = performance.now()
        from.carrier.sendEnvelope(kind, to.peerId, body)
      }
      return hasArrived()
    })
  }

  /** Long enough for what must not happen. */
  watch(): Promise<void> {
    return pause(this.#watchMs)
  }

  async close(): Promise<void> {
    try {
      await Promise.all(this.#actors.map((actor) => actor.carrier.close()))
    } finally {
      await this.world.close()
    }
  }
}

interface Scenario {
  readonly name: string
  readonly play: (stage: Stage) => Promise<void>
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'two that look for somebody meet, and neither meets itself',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      await stage.watch()
      check(!ada.hasMet(ada) && !bob.hasMet(bob), 'somebody was told of itself')
    },
  },
  {
    name: 'who looks finds who was there before and is quiet now',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      ada.carrier.seek(false)
      bob.carrier.seek(false)
      const eve = await stage.actor('Eve')
      eve.carrier.seek(true)
      await stage.until('the newcomer meets somebody', () => eve.hasMet(ada) || eve.hasMet(bob))
    },
  },
  {
    name: 'bytes of every kind and length arrive as they were sent, at the one they are for, from who sent them',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      const eve = await stage.actor('Eve')
      eve.carrier.seek(true)
      const most = {
        signal: MAX_SIGNAL_ENVELOPE_BYTES,
        intro: MAX_INTRO_ENVELOPE_BYTES,
        relay: MAX_RELAY_ENVELOPE_BYTES,
      }
      for (const kind of ['signal', 'intro', ...(ada.carrier.carriesBulk ? (['relay'] as const) : [])] as const) {
        for (const length of [1, 255, 1_000, most[kind] - ENVELOPE_HEADER_BYTES]) {
          await stage.carry(ada, bob, kind, bytesOf(length))
        }
      }
      await stage.carry(bob, ada, 'who', new Uint8Array(0))
      check(eve.envelopes.length === 0, 'somebody got what was not for him')
      check(!ada.envelopes.some(({ peer }) => peer === ada.peerId), 'somebody got what he had sent')
    },
  },
  {
    name: 'bytes that the sender changes afterwards arrive as they were',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      await stage.carry(ada, bob, 'signal', bytesOf(10))
      const body = bytesOf(100)
      ada.carrier.sendEnvelope('signal', bob.peerId, body)
      body.fill(0)
      await stage.watch()
      const zeroed = bob.envelopes.some((of) => of.body.length === 100 && of.body.every((byte) => byte === 0))
      check(!zeroed, 'the carrier keeps the memory of its caller')
    },
  },
  {
    name: 'many at once arrive',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      const bodies = Array.from({ length: 32 }, (_, i) => bytesOf(64 + i))
      await Promise.all(bodies.map((body) => stage.carry(ada, bob, 'signal', body)))
      await Promise.all(bodies.map((body) => stage.carry(bob, ada, 'signal', body)))
    },
  },
  {
    name: 'nobody is disturbed by what goes to a stranger, or is sent too early or too late',
    async play(stage) {
      const early = await stage.arriving('Early')
      early.carrier.sendEnvelope('signal', early.peerId, bytesOf(10))
      const [ada, bob] = await stage.pair()
      const nobody = await Actor.of(ada.networkName, 'Nobody')
      ada.carrier.sendEnvelope('signal', nobody.peerId, bytesOf(10))
      await stage.carry(ada, bob, 'signal', bytesOf(20))
      await early.carrier.close()
      early.carrier.sendEnvelope('signal', ada.peerId, bytesOf(30))
      early.carrier.announce()
      early.carrier.seek(true)
      early.carrier.nudge()
      await stage.carry(bob, ada, 'signal', bytesOf(40))
      check(!ada.envelopes.some(({ body }) => body.length === 30), 'a closed carrier has sent something')
    },
  },
  {
    name: 'networks do not hear each other',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      const other = await stage.actor('Other', 'another-network')
      other.carrier.seek(true)
      other.carrier.sendEnvelope('signal', ada.peerId, bytesOf(50))
      await stage.carry(ada, bob, 'signal', bytesOf(10))
      await stage.watch()
      check(other.met.length === 0, 'somebody was met in another network')
      check(!ada.hasMet(other) && !bob.hasMet(other), 'somebody of another network was met')
      check(!ada.envelopes.some(({ body }) => body.length === 50), 'an envelope came from another network')
    },
  },
  {
    name: 'who comes later meets the newest announcement',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      await ada.renew('Ada again')
      ada.carrier.seek(true)
      const eve = await stage.actor('Eve')
      eve.carrier.seek(true)
      await stage.until('the newest announcement is met', () => eve.hasMet(ada))
      await stage.carry(bob, ada, 'signal', bytesOf(10))
    },
  },
  {
    name: 'put away it hears nothing, and once resumed everything again',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      bob.carrier.suspend()
      await stage.until('down is told', () => bob.states.at(-1) === 'down')
      bob.carrier.suspend()
      const heard = bob.envelopes.length
      ada.carrier.sendEnvelope('signal', bob.peerId, bytesOf(60))
      await stage.watch()
      check(bob.envelopes.length === heard, 'something was told while it was put away')
      bob.carrier.resume()
      await stage.until('up is told', () => bob.states.at(-1) === 'up' || bob.states.at(-1) === 'ready')
      await stage.carry(ada, bob, 'signal', bytesOf(70))
      await stage.carry(bob, ada, 'signal', bytesOf(80))
    },
  },
  {
    name: 'closed, it tells nothing more, however often it is closed',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      await bob.carrier.close()
      const told = () => bob.met.length + bob.envelopes.length + bob.states.length
      const before = told()
      ada.carrier.sendEnvelope('signal', bob.peerId, bytesOf(90))
      ada.carrier.announce()
      await bob.carrier.close()
      await stage.watch()
      check(told() === before, 'a closed carrier has told something')
    },
  },
  {
    name: 'when the medium has gone and come back, it tells both and carries on',
    async play(stage) {
      const { world } = stage
      if (!world.cut || !world.mend) return
      const [ada, bob] = await stage.pair()
      await world.cut()
      ada.carrier.sendEnvelope('signal', bob.peerId, bytesOf(10))
      await stage.until('both know', () => [ada, bob].every(({ states }) => states.at(-1) === 'down'))
      await world.mend()
      for (const { carrier } of [ada, bob]) carrier.nudge()
      await stage.until('both know', () =>
        [ada, bob].every(({ states }) => states.lastIndexOf('up') > states.lastIndexOf('down')),
      )
      await stage.carry(ada, bob, 'signal', bytesOf(20))
      await stage.carry(bob, ada, 'signal', bytesOf(30))
    },
  },
  {
    name: 'rubbish in the medium changes nothing',
    async play(stage) {
      const [ada, bob] = await stage.pair()
      await stage.world.litter?.(ada.networkId)
      await stage.carry(ada, bob, 'signal', bytesOf(10))
      await stage.world.litter?.(ada.networkId)
      await stage.carry(bob, ada, 'signal', bytesOf(20))
      const eve = await stage.actor('Eve')
      await stage.meet(eve, ada)
    },
  },
]

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

/** So many bytes, every value among them, and no two lengths alike. */
function bytesOf(length: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 256)
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}
