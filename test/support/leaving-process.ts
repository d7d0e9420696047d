/**
 * A program that joins the room of its first argument, answers messages, and leaves when it is told to. It never calls
 * `process.exit`: if it ends, nothing was left open. It prints what is open right after `close()`.
 */
import { join } from '../../client/node/index.ts'

const [, , roomUrl = '', direct = 'off'] = process.argv
const network = await join(roomUrl, { direct: direct === 'on' ? 'on' : 'off', iceServers: [] })
await new Promise<void>((resolve) => {
  network.on('message', ({ peer, data }) => (data === 'leave' ? resolve() : peer.send(data)))
})
await network.close()
// What closing itself leaves for the next turns, such as the socket's last callback, is no leak.
await new Promise((resolve) => setImmediate(resolve))
const idle = ['TTYWrap', 'PipeWrap', 'Immediate', 'CloseReq']
process.stdout.write(JSON.stringify(process.getActiveResourcesInfo().filter((name) => !idle.includes(name))))
