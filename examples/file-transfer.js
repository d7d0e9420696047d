/**
 * A file from one process to another, as a stream: it is never in memory as a whole, and a slow disk slows the sender.
 *
 *     node examples/file-transfer.js receive https://edge.example/n/files-example ./downloads
 *     node examples/file-transfer.js send https://edge.example/n/files-example ./film.mp4
 */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, join as joinPath } from 'node:path'
import { Readable } from 'node:stream'
import { join } from 'edge-net'
import { readableOf, writableOf } from 'edge-net/extras'

const [role, roomUrl = '', path = '.'] = process.argv.slice(2)
const CAPABILITY = 'file-receiver'
/** What a receiver is ready to take from strangers. */
const MAX_FILE_BYTES = 10_000_000_000

if (role === 'send') await send()
else if (role === 'receive') await receive()
else console.error('send or receive?')

async function send() {
  const network = await join(roomUrl, { name: 'sender' })
  const peer = await new Promise((resolve) => {
    network.on('peer', ({ peer: met }) => met.capabilities.includes(CAPABILITY) && resolve(met))
  })
  const { size } = await stat(path)
  await peer.send(JSON.stringify({ name: basename(path), size }))
  // Closing the stream waits until the other application has had all of it.
  await Readable.toWeb(createReadStream(path)).pipeTo(writableOf(peer))
  console.log(`sent ${size} bytes to ${peer.id} by the ${peer.path.kind} path`)
  await network.close()
}

async function receive() {
  const network = await join(roomUrl, { name: 'receiver', capabilities: [CAPABILITY] })
  network.on('peer', ({ peer }) => {
    if (peer.capabilities.includes(CAPABILITY)) return
    take(peer).catch((error) => console.error(`nothing from ${peer.id}: ${error.message}`))
  })
  process.once('SIGINT', () => void network.close())
  console.log('waiting for files')
}

/** The first message says what comes; then come the bytes. */
async function take(peer) {
  let file
  let missing = Infinity
  for await (const chunk of readableOf(peer)) {
    if (!file) {
      const { name, size } = JSON.parse(String(chunk))
      if (!Number.isSafeInteger(size) || size < 0 || size > MAX_FILE_BYTES) throw new Error('that is too large')
      // A stranger chose the name: it stays in this folder, and replaces nothing.
      file = await open(joinPath(path, basename(String(name))), 'wx')
      missing = size
    } else if (typeof chunk !== 'string') {
      await file.write(chunk)
      missing -= chunk.length
    }
    if (missing <= 0) break
  }
  if (!file) return
  const { size } = await file.stat()
  await file.close()
  console.log(missing === 0 ? `received ${size} bytes` : `the sender went after ${size} bytes`)
}
