/** The parts of the page that are loaded when they are needed: nobody waits for them who does not use them. */
import { byId, setText } from './dom.ts'
import type { PanelHost } from './panel-host.ts'
import type { PageState } from './state.ts'

/** What `data-opens` names. Each is mounted once, and then opened as often as one likes. */
const DIALOGS: Readonly<Record<string, (host: PanelHost) => Promise<() => void>>> = {
  networks: async (host) => (await panels()).mountPicker(host),
  founding: async (host) => (await panels()).mountFounding(host),
  history: async (host) => (await panels()).mountHistory(host),
  identities: async (host) => (await panels()).mountIdentities(host),
}

const panels = () => import('./panels.ts')

export interface Later {
  /** Brings to a state what has been loaded, and loads what it asks for. */
  render(state: PageState): void
}

export function loadLater(host: PanelHost): Later {
  const dialogs = new Map<string, Promise<() => void>>()
  let renderMembership: ((state: PageState) => void) | undefined
  let isLoading = false

  const open = async (name: string) => {
    const mount = DIALOGS[name]
    if (!mount) return
    let mounted = dialogs.get(name)
    if (!mounted) {
      mounted = mount(host)
      dialogs.set(name, mounted)
    }
    try {
      const show = await mounted
      setText(byId('notice'), '')
      for (const other of document.querySelectorAll<HTMLDialogElement>('dialog[open]')) other.close()
      show()
    } catch (error) {
      // The next press tries again.
      dialogs.delete(name)
      notLoaded(error)
    }
  }
  const notLoaded = (error: unknown) => {
    setText(byId('notice'), 'This part of the page could not be loaded. Are you online?')
    // Without a network that is no fault of ours.
    if (navigator.onLine) host.reportError(error)
  }

  document.addEventListener('click', ({ target }) => {
    const name = target instanceof HTMLButtonElement ? target.dataset['opens'] : undefined
    if (name !== undefined) void open(name)
  })
  byId('show-qr').addEventListener('click', () => {
    const words = byId('invite-words').textContent ?? ''
    const url = byId('room-url').textContent ?? ''
    panels().then(({ showLink }) => showLink({ heading: 'Room URL', url, words }), notLoaded)
  })
  byId('export-ledger').addEventListener('click', () => {
    panels().then(({ exportLedger }) => exportLedger(host), notLoaded)
  })
  byId('import-ledger').addEventListener('click', () => byId('ledger-file').click())
  byId('ledger-file').addEventListener('change', () => {
    panels().then(({ importLedger }) => importLedger(host), notLoaded)
  })

  return {
    render(state) {
      renderMembership?.(state)
      if (renderMembership || isLoading || !state.membership.facts) return
      isLoading = true
      panels()
        .then(({ mountMembership }) => {
          renderMembership = mountMembership(host)
          renderMembership(host.state())
        })
        .catch(notLoaded)
    },
  }
}
