/** Identities that can be backed up under a pass phrase, and restored: on another device, in a browser or in Node. */
export type { Waiting } from './argon2.ts'
export { backUp, factsOfBackup, restore, type BackUpOptions, type Restored } from './backup.ts'
export { MAX_BACKUP_CHARACTERS, type BackupFacts } from './backup-file.ts'
export { labelFault } from './label.ts'
export { passPhraseFault } from './pass-phrase.ts'
export { createRecoverableIdentity, type RecoverableIdentity } from './recoverable.ts'
export type { Identity } from './identity.ts'
