/**
 * The control: two RTCPeerConnections signalled over the bare room, written by hand, plain and not clever. The joiner
 * connects a WebSocket, gets the list, offers to everybody on it and trickles each candidate as it comes; the data
 * channel is in band. `open` is what a library would call open: the channel's own `open` event.
 */
import { fail, mark, offerBench } from '../pages/recorder.ts'

interface Signal {
  readonly from: string
  readonly description?: RTCSessionDescriptionInit
  readonly candidate?: RTCIceCandidateInit
}
type RoomMessage = { readonly type: 'list'; readonly ids: string[] } | ({ readonly type?: undefined } & Signal)

/** Long against a round trip on one machine, short against a round of the bench. */
const GREETING_MS = 100

const connections = new Map<string, RTCPeerConnection>()

offerBench(async (roomUrl) => {
  const socket = new WebSocket(`${roomUrl}?id=${crypto.randomUUID()}`)
  const send = (message: object) => socket.send(JSON.stringify(message))

  const connectionTo = (id: string): RTCPeerConnection => {
    const connection = new RTCPeerConnection()
    connections.set(id, connection)
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (!candidate) return
      send({ to: id, candidate })
      mark(candidate.address?.endsWith('.local') ? 'candidate-mdns' : 'candidate-address')
    })
    connection.addEventListener('datachannel', ({ channel }) => use(channel))
    return connection
  }

  const offer = async (id: string) => {
    const connection = connectionTo(id)
    use(connection.createDataChannel('data'))
    await connection.setLocalDescription()
    send({ to: id, description: connection.localDescription })
    mark('offer-sent')
  }

  const answer = async (id: string, description: RTCSessionDescriptionInit) => {
    const connection = connectionTo(id)
    await connection.setRemoteDescription(description)
    await connection.setLocalDescription()
    send({ to: id, description: connection.localDescription })
    mark('answer-sent')
  }

  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as RoomMessage
    if (message.type === 'list') {
      mark('in-room')
      for (const id of message.ids) offer(id).catch(fail)
      return
    }
    const { from, description, candidate } = message
    if (description?.type === 'offer') answer(from, description).catch(fail)
    else if (description) connections.get(from)?.setRemoteDescription(description).catch(fail)
    else if (candidate) connections.get(from)?.addIceCandidate(candidate).catch(fail)
  })
})

function use(channel: RTCDataChannel): void {
  const opened = () => {
    mark('open')
    // Chromium can lose the first message of a channel, and the control has nothing that would send it again: so it says
    // hello until it has heard one. The first that arrives counts.
    const greeting = setInterval(() => channel.send('hello'), GREETING_MS)
    channel.send('hello')
    channel.addEventListener('message', () => setTimeout(() => clearInterval(greeting), GREETING_MS * 4))
  }
  if (channel.readyState === 'open') opened()
  else channel.addEventListener('open', opened)
  channel.addEventListener('message', () => mark('message'))
}
