/** Networks: founding them, finding them, and being a member of closed ones. */
export type * from './api.ts'
export { foundNetwork } from './found.ts'
export { listNetworks } from './list.ts'
export { describeNetwork, openNetwork } from './open.ts'
