/** DEPLOY.md, followed: its configurations are given to the programs that they are for, and the service answers through them. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DoctorEvent } from '../../client/node/doctor/report.ts'
import { run as runTool } from '../../scripts/process.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { coturnIsMissing } from '../support/coturn.ts'
import { runIn } from '../support/package.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)
const deploy = readFileSync(join(ROOT, 'DEPLOY.md'), 'utf8')
const blocks = (language: string) =>
  [...deploy.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text)
const has = (program: string) =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))

let folder: string
const children = new Map<ChildProcess, Promise<unknown>>()
const commands = new Set<RunningCommand>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-net-deploy-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  for (const child of children.keys()) child.kill()
  for (const command of commands) command.signal('SIGTERM')
  await Promise.all([...children.values(), ...[...commands].map((command) => command.ended)])
  children.clear()
  commands.clear()
})

/** A certificate for `localhost`, which those trust who are told to. */
async function certificate(): Promise<{ readonly certificate: string; readonly key: string }> {
  const [path, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', path]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  await run('openssl', ['req', '-x509', '-nodes', '-days', '2', ...made, ...subject])
  return { certificate: path, key }
}

async function served(env: Record<string, string> = {}): Promise<number> {
  const command = startCommand(['serve', '--json', '--port', '0', '--stun', '', '--data', folder], { env })
  commands.add(command)
  await expect.poll(() => command.stdout()).toContain('\n')
  return (JSON.parse(command.stdout()) as { port: number }).port
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function start(program: string, args: readonly string[]): () => string {
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, HOME: folder } })
  children.set(child, new Promise((resolve) => child.once('exit', resolve)))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return () => output
}

/** What a proxy has to let through: pages, the description with its public URL, and sockets with their tickets. */
async function expectWorking(port: number, trusted: string, log: () => string): Promise<void> {
  const room = `https://localhost:${port}/n/mainnet`
  const described = () =>
    new Promise<string>((resolve) => {
      const asked = request(room, { ca: readFileSync(trusted), headers: { Accept: 'application/json' } }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => resolve(text))
      })
      asked.on('error', (error) => resolve(`${error.message}\n${log()}`)).end()
    })
  await expect.poll(described).toContain(`"url":"${room}"`)
  const env = { NODE_EXTRA_CA_CERTS: trusted }
  const { stdout } = await startCommand(['doctor', room, '--json'], { env }).ended
  const events = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as DoctorEvent]))
  const found = Object.fromEntries(
    events.flatMap((event) => (event.event === 'finding' ? [[event.check, event.verdict]] : [])),
  )
  expect(found, log()).toMatchObject({ http: 'ok', websocket: 'ok', relay: 'ok', direct: 'ok' })
}

describe('the configuration of', () => {
  it.skipIf(!has('nginx'))('nginx lets everything through that peers need', async () => {
    const [upstream, port, { certificate: path, key }] = [await served(), await freePort(), await certificate()]
    const [block = ''] = blocks('nginx')
    const server = block
      .replace('443 ssl', `127.0.0.1:${port} ssl`)
      .replace('edge.example.org;', 'localhost;')
      .replace(/ssl_certificate .*/, `ssl_certificate ${path};`)
      .replace(/ssl_certificate_key .*/, `ssl_certificate_key ${key};`)
      .replace('127.0.0.1:8787', `127.0.0.1:${upstream}`)
    const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`)
    const http = `http { access_log off; ${own.join(' ')}\n${server} }`
    const config = `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events {} ${http}`
    await writeFile(join(folder, 'nginx.conf'), config)
    await expectWorking(port, path, start('nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]))
  })

  it.skipIf(!has('caddy'))('Caddy lets everything through that peers need', async () => {
    const [upstream, port, { certificate: path, key }] = [await served(), await freePort(), await certificate()]
    const [block = ''] = blocks('caddyfile')
    const site = block
      .replace('edge.example.org {', `https://localhost:${port} {\n\ttls ${path} ${key}`)
      .replace('127.0.0.1:8787', `127.0.0.1:${upstream}`)
    await writeFile(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`)
    const config = ['--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
    await expectWorking(port, path, start('caddy', ['run', ...config]))
  })

  it.skipIf(coturnIsMissing !== '')('coturn gives addresses to those who have credentials of the service', async () => {
    const [{ certificate: path, key }, port, tlsPort] = [await certificate(), await freePort(), await freePort()]
    const [block = ''] = blocks('conf')
    const config = block
      .replace('listening-port=3478', `listening-ip=127.0.0.1\nlistening-port=${port}`)
      .replace('tls-listening-port=5349', `tls-listening-port=${tlsPort}`)
      .replace(/^cert=.*/m, `cert=${path}`)
      .replace(/^pkey=.*/m, `pkey=${key}`)
    await writeFile(join(folder, 'turnserver.conf'), `${config}\npidfile=${folder}/coturn.pid\nlog-file=stdout\n`)
    const log = start('turnserver', ['-c', join(folder, 'turnserver.conf')])
    const urls = [...deploy.matchAll(/^EDGE_NET_TURN_URLS = "(.+)"$/gm)].map(([, text = '']) => text)
    const upstream = await served({
      EDGE_NET_TURN_URLS: (urls[0] ?? '')
        .replaceAll('turn.example.org:3478', `127.0.0.1:${port}`)
        .replaceAll('turn.example.org:5349', `localhost:${tlsPort}`),
      EDGE_NET_TURN_SECRET: 'THE-SECRET',
    })
    const verdicts = async () => {
      const env = { NODE_EXTRA_CA_CERTS: path }
      const room = `http://127.0.0.1:${upstream}/n/mainnet`
      const { stdout } = await startCommand(['doctor', room, '--json'], { env }).ended
      return [...stdout.matchAll(/"check":"(turn-\w+)","verdict":"(\w+)"/g)].map(([, check, found]) => [check, found])
    }
    expect(await verdicts(), log()).toEqual([
      ['turn-udp', 'ok'],
      ['turn-tcp', 'ok'],
      ['turn-tls', 'ok'],
    ])
  })

  it.skipIf(!has('systemd-analyze'))('systemd is one that it understands', async () => {
    const [unit = ''] = blocks('ini')
    const path = join(folder, 'edge-net.service')
    const there = unit.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath} serve`)
    await writeFile(path, there)
    const { output } = await runIn(folder, 'systemd-analyze', ['verify', '--man=no', path])
    // Of other units of this machine it says what it likes.
    expect(output.split('\n').filter((line) => line.includes('edge-net.service'))).toEqual([])
    // What is started is where the package has it.
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { 'edge-net': string } }
    expect(unit).toContain(`node_modules/edge-net/${bin['edge-net']} serve`)
  })

  it('wrangler is one that it takes', async () => {
    const [domain = '', turn = '', gun = '', logs = ''] = blocks('toml')
    const own = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    const changed = own
      .replace(/^\[observability\]\nenabled = true\n/m, logs)
      .replace(/^EDGE_NET_TURN_URLS = .*$/m, turn.split('\n')[1] ?? '')
      .replace(/^EDGE_NET_GUN_RELAYS = .*$/m, gun.split('\n')[1] ?? '')
      .replace('main = "', `main = "${ROOT}/`)
      .replace('directory = "./', `directory = "${ROOT}/`)
    expect(changed).toContain('head_sampling_rate')
    expect(changed).toContain('https://relay.example.org/gun,')
    await writeFile(join(folder, 'wrangler.toml'), `${changed}\n${domain}`)
    const { code, output } = await runTool('wrangler', [
      'deploy',
      '--dry-run',
      '--config',
      join(folder, 'wrangler.toml'),
    ])
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('turn:turn.example.org:3478') })
    expect(output).not.toMatch(/warning|unexpected/i)
  })
})

describe('what it says', () => {
  it('of secrets are those that the service has', () => {
    const settings = readFileSync(join(ROOT, 'worker/settings.ts'), 'utf8')
    const named = [...deploy.matchAll(/wrangler secret put (\w+)/g)].map(([, name = '']) => name)
    expect(new Set(named)).toEqual(new Set(settings.match(/EDGE_NET_\w+(?=\?:)/g)))
  })

  it('of versions is what is tested', () => {
    const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string
      devDependencies: { miniflare: string }
    }
    expect(deploy).toContain(`npm install ./edge-net-${version}.tgz miniflare@${devDependencies.miniflare}\n`)
  })

  it('of costs is what was counted, and adds up', () => {
    const { finding } = JSON.parse(readFileSync(join(ROOT, 'test/bench/results/bill.json'), 'utf8')) as {
      finding: { rows: { ours: string }[] }
    }
    const counted = finding.rows.flatMap(({ ours }) => /\$([\d.]+) per million/.exec(ours)?.[1] ?? [])
    const stated = [...deploy.matchAll(/^\| .+ \| ([\d.]+) \|$/gm)].map(([, dollars = '']) => dollars)
    expect(stated).toEqual(counted)
    const [ofJoin = 0, hour = 0, mebibyte = 0] = counted.map((dollars) => Number(dollars) / 1e6)
    const [joins, hours, mebibytes] = [1_000 * 4 * 30 * ofJoin, 100 * 24 * 30 * hour, 1_000 * 30 * mebibyte]
    const rounded = [joins, hours, mebibytes].map((dollars) => dollars.toFixed(2))
    const sum = (joins + hours + mebibytes).toFixed(2)
    const words = deploy.replaceAll(/\s+/g, ' ')
    expect(words).toContain(
      `comes to $${sum}: $${rounded[0]} for 120,000 joins, $${rounded[1]} for 72,000 room-hours, $${rounded[2]} for`,
    )
  })
})
