/** What a panel that is loaded later may use of the page. */
import type { Session } from './session.ts'
import type { Settings } from './settings.ts'
import type { PageEvent, PageState } from './state.ts'

export interface PanelHost {
  readonly state: () => PageState
  readonly session: () => Session | undefined
  readonly settings: () => Settings
  readonly dispatch: (event: PageEvent) => void
  /** Ends this session and begins another, with another invite if there is one. */
  readonly rejoin: (invite?: string) => void
  /** What nobody waits for failed. */
  readonly reportError: (error: unknown) => void
}
