/** What is loaded together, when the first of it is needed: the dialogs and the panel of founded networks. */
export { mountHistory } from './contributions/dialog.ts'
export { exportLedger, importLedger } from './contributions/ledger-files.ts'
export { showLink } from './link-dialog.ts'
export { mountMembership } from './membership/panel.ts'
export { mountFounding } from './networks/founding.ts'
export { mountPicker } from './networks/picker.ts'
