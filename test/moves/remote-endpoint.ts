/** Endpoints elsewhere, in a page or in a process of their own, and how they are called. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import type { Endpoint, EndpointOptions } from './endpoint.ts'

export type Runtime = 'page' | 'node'

/** The methods of an endpoint; each takes at most one argument. */
export type Method = {
  [Name in keyof Endpoint]: Endpoint[Name] extends (argument: never) => unknown ? Name : never
}[keyof Endpoint]
type Argument<Name extends Method> = Parameters<Endpoint[Name]>
type Result<Name extends Method> = Awaited<ReturnType<Endpoint[Name]>>

export interface Call {
  readonly id: number
  readonly method: Method | 'start'
  readonly argument: unknown
}
export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

export interface RemoteEndpoint {
  readonly runtime: Runtime
  call<Name extends Method>(method: Name, ...argument: Argument<Name>): Promise<Result<Name>>
  /** Ends the page or the process, whatever the endpoint is doing. */
  end(): Promise<void>
}

export async function startInNode(options: EndpointOptions): Promise<RemoteEndpoint> {
  const child = fork(join(import.meta.dirname, 'endpoint-in-node.ts'), { execArgv: [], serialization: 'advanced' })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0
  child.on('message', ({ id, result, error }: Answer) => {
    const call = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(new Error(error))
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const call of waiting.values()) call.reject(new Error(`the Node endpoint ended: ${signal ?? code}`))
      resolve()
    })
  })
  const call = (method: Call['method'], argument: unknown): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>()
    if (child.exitCode !== null || child.signalCode) return Promise.reject(new Error('the Node endpoint has ended'))
    waiting.set(++calls, answer)
    child.send({ id: calls, method, argument } satisfies Call)
    return answer.promise
  }
  const end = () => {
    child.kill('SIGKILL')
    return ended
  }
  await call('start', options).catch(async (error: unknown) => {
    await end()
    throw error
  })
  return { runtime: 'node', call: (method, ...[argument]) => call(method, argument) as never, end }
}

/** @param origin of the Worker that serves the SDK */
export async function startInPage(browser: Browser, origin: string, options: EndpointOptions): Promise<RemoteEndpoint> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${origin}/health`)
  await page.addScriptTag({ type: 'module', content: await pageScript() })
  const begin = `import { join } from '/edge-net.js'
    globalThis.started = trial.start(join, ${JSON.stringify(options)}).then(() => '', (error) => String(error))`
  await page.addScriptTag({ type: 'module', content: begin })
  await page.waitForFunction(() => 'started' in globalThis)
  const failure = await page.evaluate(() => (globalThis as unknown as { started: Promise<string> }).started)
  if (failure) throw new Error(`the page could not join: ${failure}`)
  return {
    runtime: 'page',
    call: (method, ...[argument]) =>
      page.evaluate(
        ([name, value]) => {
          const endpoint = globalThis.trial.endpoint as unknown as Record<Method, (argument: unknown) => never>
          return endpoint[name](value)
        },
        [method, argument] as const,
      ),
    end: () => context.close(),
  }
}

let bundling: Promise<string> | undefined

function pageScript(): Promise<string> {
  bundling ??= build({
    entryPoints: [join(import.meta.dirname, 'endpoint-in-page.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // package.json says that nothing here has side effects; this file is nothing but.
    ignoreAnnotations: true,
    write: false,
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '')
  return bundling
}
