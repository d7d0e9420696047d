/**
 * What is loaded together, when the first of it is needed: the dialogs, and all of founded networks. One file, since every
 * further one makes the page itself fall into more pieces: what it shares with each set of them.
 */
export { mountHistory } from './contributions/dialog.ts'
export { exportLedger, importLedger } from './contributions/ledger-files.ts'
export { mountIdentities } from './identities/dialog.ts'
export { showLink } from './link-dialog.ts'
export { mountMembership } from './membership/panel.ts'
export { openStay } from './membership/stay.ts'
export { mountFounding } from './networks/founding.ts'
export { mountPicker } from './networks/picker.ts'
