/** The whole ledger as a file of JSON lines, out and in. Both go line by line: a ledger may be larger than a page's memory. */
import { download, fileName } from '../download.ts'
import { byIdAs, byId, setText } from '../dom.ts'
import { failureFrom } from '../failure.ts'
import { counted } from '../number-words.ts'
import type { PanelHost } from '../panel-host.ts'
import type { ImportReport } from '../../qdag/api.ts'

/** Lines are gathered up to this size into one part of a blob, which the browser may keep on the disk. */
const PART_CHARACTERS = 1_048_576
/** A line of an export is below 1 KB. A file without line ends must not fill the memory. */
const MAX_LINE_CHARACTERS = 65_536

const NO_LEDGER = 'The ledger is there once you are in the network.'

let isBusy = false

export async function exportLedger(host: PanelHost): Promise<void> {
  const ledger = host.session()?.ledger()
  if (!ledger) return say(NO_LEDGER)
  await alone(async () => {
    let lines = 0
    const parts: Blob[] = []
    let part = ''
    for await (const line of ledger.export()) {
      lines += 1
      part += `${line.trimEnd()}\n`
      if (part.length < PART_CHARACTERS) continue
      parts.push(new Blob([part]))
      part = ''
    }
    const file = new Blob([...parts, part], { type: 'application/x-ndjson' })
    download(file, fileName(`ledger-${host.state().networkName}`, 'jsonl'))
    return `${counted(lines, 'line')} exported.`
  })
}

/** Takes the file that was chosen. */
export async function importLedger(host: PanelHost): Promise<void> {
  const input = byIdAs('ledger-file', HTMLInputElement)
  const file = input.files?.[0]
  // The same file can be chosen again.
  input.value = ''
  const ledger = host.session()?.ledger()
  if (!ledger) return say(NO_LEDGER)
  if (file) await alone(async () => importWords(await ledger.import(linesOf(file))))
}

/** One at a time; what the work comes to, or why it failed, is said. */
async function alone(work: () => Promise<string>): Promise<void> {
  if (isBusy) return
  isBusy = true
  say('Working through the ledger…')
  try {
    say(await work())
  } catch (error) {
    const { message, hint } = failureFrom(error)
    say(`${message} ${hint}`)
  } finally {
    isBusy = false
  }
}

export function importWords({ added, known, orphans, rejected, rejectedMore }: ImportReport): string {
  const first = rejected[0]
  return [
    `${counted(added, 'new entry', 'new entries')}, ${counted(known, 'known one', 'known ones')}.`,
    orphans > 0 ? `${counted(orphans, 'entry waits', 'entries wait')} for others that the file does not have.` : '',
    first
      ? `${counted(rejected.length + rejectedMore, 'line')} refused, the first of them line ${first.line}: ${first.reason}.`
      : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** The lines of a file, without its line ends. */
export async function* linesOf(file: Blob): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of file.stream().pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    // The parts of an endless line are lines of their own, each of which is refused.
    while (rest.length > MAX_LINE_CHARACTERS) {
      yield rest.slice(0, MAX_LINE_CHARACTERS)
      rest = rest.slice(MAX_LINE_CHARACTERS)
    }
  }
  if (rest !== '') yield rest
}

function say(text: string): void {
  setText(byId('ledger-files-status'), text)
}
